#include "host/sqlite.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>
#include <utility>

namespace quarry::sqlite {
namespace {

constexpr std::string_view kInMemory = ":memory:";

std::string name_of(sqlite3* database) {
  const char* path = database != nullptr ? sqlite3_db_filename(database, "main") : nullptr;
  return path != nullptr && *path != '\0' ? path : "the database in memory";
}

struct Kind {
  Code code;
  const char* remedy;
};

Kind kind_of(int primary, int system_error) {
  switch (primary) {
    case SQLITE_FULL: return {Code::kNoSpace, "; free space on its disk"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::kCorrupt, "; move it away, or put a copy from a backup in its place"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::kExists, "; another process uses it: wait for it, or stop it"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Code::kPermission, "; it and its folder must be writable for this user"};
    case SQLITE_NOMEM: return {Code::kOutOfMemory, ""};
    case SQLITE_CONSTRAINT: return {Code::kInvalidArgument, ""};
    default: break;
  }
  if (system_error == ENOSPC || system_error == EDQUOT)
    return {Code::kNoSpace, "; free space on its disk"};
  if (system_error == EACCES || system_error == EROFS)
    return {Code::kPermission, "; it and its folder must be writable for this user"};
  return {Code::kIo, ""};
}

// The failure `code` of a call that did `action` ("write to").
Status failure(sqlite3* database, int code, std::string_view action, const std::string& path) {
  const int primary = code & 0xFF;
  // The system's number is that of the last call that failed, whenever it was.
  const bool is_of_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  const Kind kind = kind_of(primary, is_of_system ? sqlite3_system_errno(database) : 0);
  // The connection's words say more than the code's, if they are about this code.
  const bool is_last = database != nullptr && sqlite3_extended_errcode(database) == code;
  std::string message = "cannot ";
  message.append(action).append(" ").append(path).append(": ");
  message.append(is_last ? sqlite3_errmsg(database) : sqlite3_errstr(code)).append(kind.remedy);
  return {kind.code, std::move(message)};
}

Status failure(sqlite3* database, int code, std::string_view action) {
  return failure(database, code, action, name_of(database));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

// The code of a failed bind is also that of sqlite3_errcode(), but steps of other
// statements may come between.
void Statement::remember(int code) {
  QUARRY_CHECK(code != SQLITE_RANGE && code != SQLITE_MISUSE);
  if (code != SQLITE_OK && failed_bind_ == SQLITE_OK) failed_bind_ = code;
}

void Statement::bind_integer(int index, int64_t value) {
  reset();
  remember(sqlite3_bind_int64(statement_.get(), index, value));
}

// A null pointer would be NULL, and not an empty text.
void Statement::bind(int index, std::string_view text) {
  reset();
  remember(sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(),
                               text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int index, std::span<const std::byte> bytes) {
  reset();
  const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data());
  remember(
      sqlite3_bind_blob64(statement_.get(), index, data, bytes.size_bytes(), SQLITE_TRANSIENT));
}

void Statement::bind(int index, std::nullptr_t) {
  reset();
  remember(sqlite3_bind_null(statement_.get(), index));
}

void Statement::reset() {
  has_row_ = false;
  sqlite3_reset(statement_.get());  // its code is that of the last step()
}

Result<bool> Statement::step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (failed_bind_ != SQLITE_OK)
    return failure(database, std::exchange(failed_bind_, SQLITE_OK), "take a value for");
  const int code = sqlite3_step(statement_.get());
  has_row_ = code == SQLITE_ROW;
  if (has_row_) return true;
  Status status;
  if (code != SQLITE_DONE)
    status =
        failure(database, code, sqlite3_stmt_readonly(statement_.get()) != 0 ? "read" : "write to");
  reset();
  if (!status.ok()) return status;
  return false;
}

Status Statement::step_to_end() {
  while (true) {
    QUARRY_ASSIGN(const bool has_row, step());
    if (!has_row) return {};
  }
}

void Statement::check_column(int index) const {
  QUARRY_CHECK(has_row_ && index >= 0 && index < sqlite3_column_count(statement_.get()));
}

int64_t Statement::integer(int index) const {
  check_column(index);
  return sqlite3_column_int64(statement_.get(), index);
}

uint64_t Statement::unsigned_integer(int index) const {
  return static_cast<uint64_t>(integer(index));
}

std::string Statement::text(int index) const {
  check_column(index);
  const unsigned char* text = sqlite3_column_text(statement_.get(), index);  // before its length
  const int size = sqlite3_column_bytes(statement_.get(), index);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<size_t>(size)};
}

Bytes Statement::blob(int index) const {
  check_column(index);
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), index));
  const int size = sqlite3_column_bytes(statement_.get(), index);
  if (bytes == nullptr) return {};
  return {bytes, bytes + size};
}

bool Statement::is_null(int index) const {
  check_column(index);
  return sqlite3_column_type(statement_.get(), index) == SQLITE_NULL;
}

// Waits for statements that are still alive, without blocking.
void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::open(const std::string& path, const DatabaseOptions& options) {
  // SQLite would make it readable for all. mknod(), since closing a descriptor of
  // the file would drop the locks that other connections of this process hold.
  if (path != kInMemory && mknod(path.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST)
    return errno_status(errno, "make", path);
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database(opened);  // also after a failure
  if (code != SQLITE_OK) return failure(opened, code, "open", path);
  QUARRY_TRY(database.configure(options));
  return database;
}

Status Database::configure(const DatabaseOptions& options) {
  sqlite3_busy_timeout(database_.get(), static_cast<int>(options.busy_timeout.count()));
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (sqlite3_db_readonly(database_.get(), "main") != 0)
    return failure(database_.get(), SQLITE_READONLY, "open for writing");
  QUARRY_ASSIGN(const std::string mode, start_log(options.busy_timeout));
  if (mode != "wal" && mode != "memory")
    return {Code::kUnsupported, "cannot keep a write-ahead log of " + name_of(database_.get()) +
                                    ": its file system has no shared memory; use a local disk"};
  return execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

// SQLite does not wait by itself where several turn a new file into one with a log.
Result<std::string> Database::start_log(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kPause{2};
  const auto end = std::chrono::steady_clock::now() + timeout;
  QUARRY_ASSIGN(Statement journal, prepare("PRAGMA journal_mode = WAL"));
  Result<bool> outcome = journal.step();
  while (outcome.status().code() == Code::kExists && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPause);
    outcome = journal.step();
  }
  QUARRY_TRY(outcome.status());
  return journal.text(0);
}

Status Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : failure(database_.get(), code, "write to");
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(database_.get(), code, "use");
  QUARRY_CHECK(statement != nullptr);  // nothing but a comment
  return Statement(statement);
}

int64_t Database::changes() const { return sqlite3_changes64(database_.get()); }

int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(database_.get()); }

Result<int64_t> Database::user_version() {
  QUARRY_ASSIGN(Statement statement, prepare("PRAGMA user_version"));
  QUARRY_TRY(statement.step().status());
  return statement.integer(0);
}

Status Database::set_user_version(int32_t version) {
  return execute("PRAGMA user_version = " + std::to_string(version));
}

Result<Transaction> Transaction::begin(Database& database) {
  QUARRY_TRY(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Status Transaction::commit() {
  QUARRY_CHECK(database_ != nullptr);
  QUARRY_TRY(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

// SQLite may have rolled back by itself, on a full disk for one.
Transaction::~Transaction() {
  if (database_ == nullptr || sqlite3_get_autocommit(database_->database_.get()) != 0) return;
  (void)database_->execute("ROLLBACK");
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

}  // namespace quarry::sqlite
