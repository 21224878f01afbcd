// SQLite on real files: values go in and come back, a kill loses nothing that was
// committed, and what is wrong with a file is said.
#include "host/sqlite.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <fstream>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/temp_folder.h"

namespace quarry::sqlite {
namespace {

using tests::TempFolder;

#define ASSERT_OK(expression)                     \
  do {                                            \
    const Status status = (expression);           \
    ASSERT_TRUE(status.ok()) << status.message(); \
  } while (0)

class SqliteTest : public testing::Test {
 protected:
  Database open(const std::string& name = "a.db", const DatabaseOptions& options = {}) {
    auto database = Database::open(folder_.file(name), options);
    EXPECT_TRUE(database.ok()) << database.status().message();
    return std::move(*database);
  }
  std::string path() const { return folder_.file("a.db"); }

  TempFolder folder_;
};

int64_t count(Database& database, const char* table) {
  auto statement = database.prepare("SELECT count(*) FROM " + std::string(table));
  EXPECT_TRUE(statement.ok()) << statement.status().message();
  EXPECT_TRUE(*statement->step());
  return statement->integer(0);
}

TEST_F(SqliteTest, ValuesComeBackAsTheyWere) {
  Database database = open();
  ASSERT_OK(database.execute("CREATE TABLE t (a, b, c, d, e)"));
  auto insert = *database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)");
  const Bytes bytes = {std::byte{0}, std::byte{255}, std::byte{7}};
  const std::string text("a\0\xC3\xA4'\"", 6);
  ASSERT_OK(insert.run(INT64_MIN, UINT64_MAX, text, bytes, nullptr));
  EXPECT_EQ(database.changes(), 1);
  EXPECT_EQ(database.last_row_id(), 1);
  ASSERT_OK(insert.run(-1, uint64_t{1} << 63, std::string_view(), Bytes(), true));
  EXPECT_EQ(database.last_row_id(), 2);

  auto select = *database.prepare("SELECT * FROM t ORDER BY rowid");
  ASSERT_TRUE(*select.step());
  EXPECT_EQ(select.integer(0), INT64_MIN);
  EXPECT_EQ(select.unsigned_integer(1), UINT64_MAX);
  EXPECT_EQ(select.integer(1), -1);
  EXPECT_EQ(select.text(2), text);
  EXPECT_EQ(select.blob(3), bytes);
  EXPECT_TRUE(select.is_null(4));
  EXPECT_EQ(select.text(4), "");
  EXPECT_EQ(select.blob(4), Bytes());
  ASSERT_TRUE(*select.step());
  EXPECT_EQ(select.unsigned_integer(1), uint64_t{1} << 63);
  EXPECT_FALSE(select.is_null(2)) << "an empty text is not NULL";
  EXPECT_FALSE(select.is_null(3)) << "no bytes are not NULL";
  EXPECT_EQ(select.integer(4), 1);
  EXPECT_FALSE(*select.step());
  EXPECT_TRUE(*select.step()) << "a statement starts over at its end";
}

TEST_F(SqliteTest, BindingStartsAStatementOver) {
  Database database = open();
  ASSERT_OK(database.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)"));
  auto select = *database.prepare("SELECT a FROM t WHERE a >= ?1 ORDER BY a");
  select.bind(1, 1);
  ASSERT_TRUE(*select.step());
  select.bind(1, 3);
  ASSERT_TRUE(*select.step());
  EXPECT_EQ(select.integer(0), 3);
  EXPECT_FALSE(*select.step());
}

TEST_F(SqliteTest, RunsStatementsThatGiveRows) {
  Database database = open();
  ASSERT_OK(database.execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)"));
  auto change = *database.prepare("UPDATE t SET a = a + ? RETURNING a");
  ASSERT_OK(change.run(10));
  EXPECT_EQ(database.changes(), 3);
}

TEST_F(SqliteTest, MistakesOfTheProgramStopIt) {
  Database database = open();
  auto select = *database.prepare("SELECT ?1");
  EXPECT_DEATH(select.bind(2, 1), "check failed");
  EXPECT_DEATH((void)select.integer(0), "check failed") << "no row yet";
  select.bind(1, 5);
  ASSERT_TRUE(*select.step());
  EXPECT_DEATH((void)select.integer(1), "check failed");
}

TEST_F(SqliteTest, IsOpenedAsPromised) {
  Database database = open();
  const auto ask = [&](const char* pragma) {
    auto statement = *database.prepare(std::string("PRAGMA ") + pragma);
    EXPECT_TRUE(*statement.step());
    return statement.text(0);
  };
  EXPECT_EQ(ask("journal_mode"), "wal");
  EXPECT_EQ(ask("synchronous"), "2");  // FULL
  EXPECT_EQ(ask("foreign_keys"), "1");
  EXPECT_EQ(ask("trusted_schema"), "0");
  ASSERT_OK(database.execute("CREATE TABLE t (a)"));
  for (const char* end : {"", "-wal", "-shm"}) {
    struct stat info;
    ASSERT_EQ(stat((path() + end).c_str(), &info), 0) << end;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << end;
  }
}

TEST_F(SqliteTest, MemoryNeedsNoFile) {
  auto database = Database::open(":memory:");
  ASSERT_OK(database.status());
  ASSERT_OK(database->execute("CREATE TABLE t (a); INSERT INTO t VALUES (1)"));
  EXPECT_EQ(count(*database, "t"), 1);
  EXPECT_NE(access(":memory:", F_OK), 0);
}

TEST_F(SqliteTest, KeepsAVersion) {
  {
    Database database = open();
    EXPECT_EQ(*database.user_version(), 0);
    auto transaction = *Transaction::begin(database);
    ASSERT_OK(database.set_user_version(7));
    EXPECT_EQ(*database.user_version(), 7);
  }
  Database database = open();
  EXPECT_EQ(*database.user_version(), 0) << "it was rolled back";
  ASSERT_OK(database.set_user_version(3));
  EXPECT_EQ(*open().user_version(), 3);
}

TEST_F(SqliteTest, TransactionsAreWholeOrNothing) {
  Database database = open();
  ASSERT_OK(database.execute("CREATE TABLE t (a)"));
  {
    auto transaction = *Transaction::begin(database);
    ASSERT_OK(database.execute("INSERT INTO t VALUES (1)"));
    EXPECT_EQ(count(database, "t"), 1);
  }
  EXPECT_EQ(count(database, "t"), 0);
  {
    auto begun = *Transaction::begin(database);
    Transaction transaction = std::move(begun);
    ASSERT_OK(database.execute("INSERT INTO t VALUES (1)"));
    ASSERT_OK(transaction.commit());
  }
  EXPECT_EQ(count(database, "t"), 1);
  EXPECT_TRUE(Transaction::begin(database).ok()) << "none is left open";
}

TEST_F(SqliteTest, SaysThatAnotherWrites) {
  Database first = open();
  Database second = open("a.db", {.busy_timeout = std::chrono::milliseconds(1)});
  auto held = *Transaction::begin(first);
  const auto refused = Transaction::begin(second);
  EXPECT_EQ(refused.status().code(), Code::kExists);
  EXPECT_NE(refused.status().message().find("another process uses it"), std::string::npos);
  EXPECT_NE(refused.status().message().find(path()), std::string::npos);
  ASSERT_OK(held.commit());
  EXPECT_TRUE(Transaction::begin(second).ok());
}

TEST_F(SqliteTest, ManyOpenANewFileAtOnce) {
  constexpr int kThreads = 8;
  std::barrier start(kThreads);
  std::vector<Status> outcomes(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; i++)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      outcomes[i] = Database::open(path()).status();
    });
  for (std::thread& thread : threads) thread.join();
  for (const Status& outcome : outcomes) EXPECT_TRUE(outcome.ok()) << outcome.message();
}

TEST_F(SqliteTest, SaysThatTheDiskIsFull) {
  Database database = open();
  ASSERT_OK(database.execute("CREATE TABLE t (a); PRAGMA max_page_count = 10"));
  auto insert = *database.prepare("INSERT INTO t VALUES (zeroblob(?))");
  Status status;
  {
    auto transaction = *Transaction::begin(database);
    status = insert.run(1 << 20);
  }
  EXPECT_EQ(status.code(), Code::kNoSpace) << status.message();
  ASSERT_OK(insert.run(1));  // something smaller may fit
  EXPECT_EQ(count(database, "t"), 1);
}

TEST_F(SqliteTest, RefusalsOfTheSchemaAndWrongWords) {
  Database database = open();
  ASSERT_OK(database.execute("CREATE TABLE t (a UNIQUE, b REFERENCES t(a))"));
  auto insert = *database.prepare("INSERT INTO t VALUES (?, ?)");
  ASSERT_OK(insert.run("secret", nullptr));
  const Status twice = insert.run("secret", nullptr);
  EXPECT_EQ(twice.code(), Code::kInvalidArgument);
  EXPECT_NE(twice.message().find("UNIQUE"), std::string::npos) << twice.message();
  EXPECT_EQ(twice.message().find("secret"), std::string::npos) << twice.message();
  EXPECT_EQ(insert.run("other", "nobody").code(), Code::kInvalidArgument);
  EXPECT_EQ(database.prepare("SELECT nonsense").status().code(), Code::kIo);
  EXPECT_EQ(database.execute("nonsense").code(), Code::kIo);
}

TEST_F(SqliteTest, FilesThatAreNoDatabase) {
  std::ofstream(path()) << std::string(8192, 'x');
  const Status foreign = Database::open(path()).status();
  EXPECT_EQ(foreign.code(), Code::kCorrupt) << foreign.message();
  EXPECT_NE(foreign.message().find(path()), std::string::npos);
  EXPECT_EQ(tests::read_file(path()), std::string(8192, 'x')) << "it was left as it was";

  EXPECT_EQ(Database::open(folder_.file("no/such/folder")).status().code(), Code::kNotFound);
  EXPECT_FALSE(Database::open(folder_.path()).ok());
  EXPECT_FALSE(Database::open("").ok());
}

// Random bytes in the middle of a real file: a failure or wrong rows, no crash.
TEST_F(SqliteTest, DamagedFiles) {
  {
    Database database = open();
    ASSERT_OK(database.execute("CREATE TABLE t (a, b); CREATE INDEX i ON t (a)"));
    auto insert = *database.prepare("INSERT INTO t VALUES (?, ?)");
    auto transaction = *Transaction::begin(database);
    for (int i = 0; i < 1000; i++) ASSERT_OK(insert.run(i, std::string(50, 'b')));
    ASSERT_OK(transaction.commit());
  }
  const std::string good = tests::read_file(path());
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int refused = 0;
  for (int round = 0; round < 50; round++) {
    std::string bad = good;
    for (int i = 0; i < 200; i++)
      bad[100 + random() % (bad.size() - 100)] = static_cast<char>(random());
    std::ofstream(path(), std::ios::binary) << bad;
    auto database = Database::open(path());
    if (!database.ok()) continue;
    auto select = database->prepare("SELECT a, b FROM t ORDER BY a");
    if (!select.ok()) continue;  // the schema is gone
    const Status status = select->run();
    if (status.ok()) continue;
    EXPECT_EQ(status.code(), Code::kCorrupt) << status.message();
    refused++;
  }
  EXPECT_GT(refused, 0);
}

// Runs `body` in a child process that is nobody; returns its exit code.
int as_nobody(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(99);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(SqliteTest, FoldersThatAreReadOnly) {
  { ASSERT_OK(open().execute("CREATE TABLE t (a)")); }
  ASSERT_EQ(chmod(path().c_str(), 0644), 0);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  const auto code_of = [&](const std::string& name) {
    return as_nobody(
        [&] { return static_cast<int>(Database::open(folder_.file(name)).status().code()); });
  };
  EXPECT_EQ(code_of("new.db"), static_cast<int>(Code::kPermission));
  EXPECT_EQ(code_of("a.db"), static_cast<int>(Code::kPermission));
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
}

// In the child: transactions of kRows rows each until it is killed; a byte into
// `told` after each commit.
constexpr int kRows = 20;
[[noreturn]] void write_until_killed(const std::string& path, int told) {
  auto database = Database::open(path);
  if (!database.ok()) _exit(1);
  auto insert = database->prepare("INSERT INTO t VALUES (?, zeroblob(2000))");
  if (!insert.ok()) _exit(2);
  for (int64_t number = 0;; number++) {
    auto transaction = Transaction::begin(*database);
    if (!transaction.ok()) _exit(3);
    for (int i = 0; i < kRows; i++)
      if (!insert->run(number).ok()) _exit(4);
    if (!transaction->commit().ok()) _exit(5);
    if (write(told, "", 1) != 1) _exit(6);
  }
}

TEST_F(SqliteTest, AKillLosesNothingCommittedAndKeepsNothingElse) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 10; round++) {
    { ASSERT_OK(open().execute("DROP TABLE IF EXISTS t; CREATE TABLE t (a, b)")); }
    int told[2];
    ASSERT_EQ(pipe(told), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(told[0]);
      write_until_killed(path(), told[1]);
    }
    close(told[1]);
    char byte = 0;
    int64_t committed = 0;
    const auto wanted = static_cast<int64_t>(1 + random() % 10);
    while (committed < wanted && read(told[0], &byte, 1) == 1) committed++;
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed with " << WEXITSTATUS(status);
    while (read(told[0], &byte, 1) == 1) committed++;
    close(told[0]);

    Database database = open();
    const int64_t rows = count(database, "t");
    EXPECT_EQ(rows % kRows, 0) << "part of a transaction is there";
    EXPECT_GE(rows / kRows, committed) << "something that was committed is gone";
    EXPECT_LE(rows / kRows, committed + 1) << "more is there than was told and one in flight";
  }
}

}  // namespace
}  // namespace quarry::sqlite
