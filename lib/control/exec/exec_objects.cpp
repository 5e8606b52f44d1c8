// A JSON object a line for each endpoint, when it has ended. However much its command has written,
// it goes from the spool to the reader in pieces.
#include <map>

#include "control/exec/baton.hpp"
#include "control/exec/exec_printer.hpp"
#include "control/exec/spool.hpp"
#include "control/json_string.hpp"

namespace edge::control {
namespace {

using To = ExecScreen::To;

class Objects final : public ExecPrinter {
 public:
  Objects(ExecScreen& screen, net::asio::any_io_executor executor, std::string folder)
      : screen_(screen), file_(std::move(folder)), baton_(executor) {}

  net::Task<Result<void>> print(std::size_t number, To to, std::string_view bytes) override {
    auto& kept = kept_.try_emplace(number, file_).first->second;
    co_return (to == To::out ? kept.out : kept.err).append(bytes);
  }

  net::Task<> ended(std::size_t number, const ExecResult& result) override {
    co_await baton_.take();
    auto& kept = kept_.try_emplace(number, file_).first->second;
    auto body = as_json(result).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    body.pop_back();  // the closing brace
    co_await screen_.print(To::out, std::move(body));
    co_await add(kept.out, "stdout");
    co_await add(kept.err, "stderr");
    std::string end = "}\n";
    co_await screen_.print(To::out, std::move(end));
    kept_.erase(number);
    baton_.give();
  }

 private:
  struct Kept {
    explicit Kept(SpoolFile& file) : out(file), err(file) {}
    Spool out, err;
  };

  // What is no UTF-8 comes a second time, exactly.
  net::Task<> add(const Spool& spool, std::string name) {
    JsonString text;
    co_await put(spool, name, text);
    if (text.is_exact()) co_return;
    Base64 exact;
    co_await put(spool, name + "-base64", exact);
  }

  template <class Form>
  net::Task<> put(const Spool& spool, std::string name, Form& form) {
    std::string out = ",\"" + name + "\":\"";
    for (std::size_t piece = 0; piece < spool.pieces(); ++piece) {
      const auto bytes = spool.piece(piece);
      if (!bytes) break;  // the disk's own failure; what is there is shown
      form.add(*bytes, out);
      co_await screen_.print(To::out, std::exchange(out, {}));
    }
    form.finish(out);
    out += '"';
    co_await screen_.print(To::out, std::move(out));
  }

  ExecScreen& screen_;
  SpoolFile file_;
  Baton baton_;
  std::map<std::size_t, Kept> kept_;
};

}  // namespace

std::unique_ptr<ExecPrinter> print_objects(ExecScreen& screen, net::asio::any_io_executor executor,
                                           std::string spool_folder) {
  return std::make_unique<Objects>(screen, executor, std::move(spool_folder));
}

}  // namespace edge::control
