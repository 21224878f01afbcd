// SQLite behind Status and RAII: what must survive a crash, in one file.
//
//   QUARRY_ASSIGN(auto database, sqlite::Database::open(path));
//   QUARRY_ASSIGN(auto insert, database.prepare("INSERT INTO blocks VALUES (?1, ?2)"));
//   QUARRY_ASSIGN(auto transaction, sqlite::Transaction::begin(database));
//   QUARRY_TRY(insert.run(height, hash));
//   QUARRY_TRY(transaction.commit());
//
// A Database, and the Statements and Transactions made from it, belong to one
// thread at a time: callers lock. Two Databases on one file are independent, in
// one process or in several; one of them writes at a time.
//
// Failures carry SQLite's words and the file's path: kNoSpace on a full disk;
// kCorrupt where the file is none of SQLite's or is damaged; kExists where
// another connection holds it for longer than the busy timeout; kPermission;
// kOutOfMemory; kInvalidArgument where a constraint of the schema refuses a row;
// kIo for all else, wrong SQL among it. No value that was bound is ever in a
// message. SQLite keeps what it is given in ordinary memory and in the file as it
// is: nothing for unencrypted secrets.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace quarry::sqlite {

// A prepared statement. May be destroyed after its Database, but not used then.
class Statement {
 public:
  // Gives the parameter ?`index` (the first is 1) a value, and starts the
  // statement over. A uint64_t is stored as the int64_t of the same bits, since
  // SQLite knows no other: unsigned_integer() gives it back, but values from 2^63
  // up sort below 0. Bytes and text are copied. An index that the statement does
  // not have is a programmer's mistake; what else goes wrong, the next step() says.
  template <std::integral Integer>
  void bind(int index, Integer value) {
    bind_integer(index, static_cast<int64_t>(value));
  }
  void bind(int index, std::string_view text);
  void bind(int index, std::span<const std::byte> bytes);
  void bind(int index, std::nullptr_t);  // NULL

  // The first parameters, in order.
  template <class... Values>
  void bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
  }

  // True if there is a row, whose columns can then be read until the next call;
  // false at the end, where the statement starts over by itself with the same
  // values. It also does after a failure.
  Result<bool> step();

  // Binds these values and steps to the end, past all rows.
  template <class... Values>
  Status run(const Values&... values) {
    bind_all(values...);
    return step_to_end();
  }

  // Starts over before the end: a statement with a row still open keeps old data
  // of the file alive.
  void reset();

  // Column `index` (the first is 0) of the row that step() found; other indices,
  // or no row, are a programmer's mistake. A value of another type is converted as
  // SQLite does: NULL is 0, empty text and no bytes.
  int64_t integer(int index) const;
  uint64_t unsigned_integer(int index) const;  // counterpart of a uint64_t that was bound
  std::string text(int index) const;
  Bytes blob(int index) const;
  bool is_null(int index) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void bind_integer(int index, int64_t value);
  void remember(int code);
  void check_column(int index) const;
  Status step_to_end();

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  bool has_row_ = false;
  int failed_bind_ = 0;  // SQLite's code
};

struct DatabaseOptions {
  // How long a call waits for another connection that writes.
  std::chrono::milliseconds busy_timeout{5000};
};

class Database {
 public:
  // Opens the file, or makes it with mode 0600: write-ahead log, a commit returns
  // when it is on the disk (synchronous=FULL), foreign keys are enforced, the
  // schema of a file is not trusted to call functions with side effects. The path
  // ":memory:" is a database without a file. Beside the file stand PATH-wal and
  // PATH-shm while it is open.
  static Result<Database> open(const std::string& path, const DatabaseOptions& options = {});

  // Runs statements, separated by ";", that need no values and give no rows.
  Status execute(const std::string& sql);

  // One statement. `sql` comes from the program, never from outside.
  Result<Statement> prepare(std::string_view sql);

  // Rows that the last INSERT, UPDATE or DELETE changed.
  int64_t changes() const;

  // Key that the last INSERT gave to its row.
  int64_t last_row_id() const;

  // A number in the file for its user: the version of the schema; 0 in a new file.
  // Setting it is part of the open transaction, if there is one.
  Result<int64_t> user_version();
  Status set_user_version(int32_t version);

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}
  Status configure(const DatabaseOptions& options);
  Result<std::string> start_log(std::chrono::milliseconds timeout);

  std::unique_ptr<sqlite3, Close> database_;
};

// Everything between begin() and commit(), or nothing of it. The Database must
// stay where it is, and may have one Transaction at a time.
class [[nodiscard]] Transaction {
 public:
  // Takes the right to write at once (BEGIN IMMEDIATE), so that no later statement
  // fails for want of it.
  static Result<Transaction> begin(Database& database);

  // On the disk when it returns without a failure. After a failure: nothing of it,
  // once this object is gone.
  Status commit();

  ~Transaction();  // rolls back what was not committed
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;  // null once committed or moved from
};

}  // namespace quarry::sqlite
