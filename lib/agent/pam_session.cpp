#include "agent/pam_session.hpp"

#include <security/pam_appl.h>

#include <cstdlib>

#include "agent/pam_words.hpp"

namespace edge::agent {
namespace {

// What sshd calls "ssh": some modules refuse without a terminal's name, and there is none.
constexpr const char* kNoTerminal = "edge";

// libpam's C calls this. Nobody is there to be asked: a module that prompts has to do without.
int hear(int count, const pam_message** messages, pam_response** answers, void* words) noexcept {
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  auto& heard = *static_cast<PamWords*>(words);
  for (int i = 0; i < count; ++i) {
    const std::string_view text = messages[i]->msg ? messages[i]->msg : "";
    try {
      if (messages[i]->msg_style == PAM_ERROR_MSG) {
        heard.add_error(text);
      } else if (messages[i]->msg_style == PAM_TEXT_INFO) {
        heard.add_text(text);
      } else {
        return PAM_CONV_ERR;
      }
    } catch (const std::exception&) {
      return PAM_BUF_ERR;
    }
  }
  // libpam frees it, with malloc's free.
  *answers = static_cast<pam_response*>(
      std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  return *answers ? PAM_SUCCESS : PAM_BUF_ERR;
}

}  // namespace

// libpam's handle, and how far it came: what was opened is closed, in reverse.
class PamSession::Handle {
 public:
  explicit Handle(const PamQuestion& question) : question_(question) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  ~Handle() {
    if (!pam_) return;
    if (has_session_) last_ = ::pam_close_session(pam_, 0);
    if (has_credentials_) last_ = ::pam_setcred(pam_, PAM_DELETE_CRED);
    ::pam_end(pam_, last_);
  }

  Result<void> begin() {
    last_ = question_.only_folder.empty()
                ? ::pam_start(kPamService, question_.account.c_str(), &conversation_, &pam_)
                : ::pam_start_confdir(kPamService, question_.account.c_str(), &conversation_,
                                      question_.only_folder.c_str(), &pam_);
    if (last_ != PAM_SUCCESS) return refused("pam_start");
    const auto& terminal = question_.terminal;
    last_ = ::pam_set_item(pam_, PAM_TTY, terminal.empty() ? kNoTerminal : terminal.c_str());
    if (last_ == PAM_SUCCESS && !question_.from.empty()) {
      last_ = ::pam_set_item(pam_, PAM_RHOST, question_.from.c_str());
    }
    // pam_systemd would judge by the terminal, and a command has none.
    for (const char* variable : {"XDG_SESSION_TYPE=tty", "XDG_SESSION_CLASS=user"}) {
      if (last_ == PAM_SUCCESS) last_ = ::pam_putenv(pam_, variable);
    }
    if (last_ != PAM_SUCCESS) return refused("pam_set_item");
    return {};
  }

  // A password that must be changed refuses, too: nobody is asked for a new one here.
  Result<void> ask() {
    last_ = ::pam_acct_mgmt(pam_, 0);
    if (last_ != PAM_SUCCESS) return refused("pam_acct_mgmt");
    return {};
  }

  Result<void> establish() {
    last_ = ::pam_setcred(pam_, PAM_ESTABLISH_CRED);
    if (last_ != PAM_SUCCESS) return refused("pam_setcred");
    has_credentials_ = true;
    last_ = ::pam_open_session(pam_, 0);
    if (last_ != PAM_SUCCESS) return refused("pam_open_session");
    has_session_ = true;
    return {};
  }

  std::vector<std::string> exported() const {
    std::vector<std::string> lines;
    char** list = ::pam_getenvlist(pam_);
    for (char** line = list; line && *line; ++line) {
      lines.emplace_back(*line);
      std::free(*line);
    }
    std::free(list);
    return lines;
  }

  const PamWords& words() const { return words_; }

 private:
  Error refused(const char* step) const {
    return pam_refusal(question_.account, words_, step, ::pam_strerror(pam_, last_),
                       question_.service.native());
  }

  const PamQuestion question_;
  PamWords words_;
  const pam_conv conversation_{hear, &words_};  // libpam keeps a copy, and with it the pointer
  pam_handle_t* pam_ = nullptr;
  int last_ = PAM_SUCCESS;
  bool has_credentials_ = false, has_session_ = false;
};

std::optional<std::filesystem::path> find_pam_service(
    const std::vector<std::filesystem::path>& folders) {
  std::error_code ignored;
  for (const auto& folder : folders) {
    auto file = folder / kPamService;
    if (std::filesystem::exists(file, ignored)) return file;
  }
  return {};
}

Error missing_pam_service() {
  return fail(Errc::failure,
              "the node's PAM has no service edge-agent any more: /etc/pam.d/edge-agent is missing "
              "(it is shipped as packaging/pam/edge-agent)",
              "put the file back, or restart the agent to go on with its own checks");
}

PamSession::PamSession(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
PamSession::~PamSession() = default;

Result<std::unique_ptr<PamSession>> PamSession::open(const PamQuestion& question) {
  auto handle = std::make_unique<Handle>(question);
  if (auto begun = handle->begin(); !begun) return begun.error();
  if (auto allowed = handle->ask(); !allowed) return allowed.error();
  if (auto established = handle->establish(); !established) return established.error();
  return std::unique_ptr<PamSession>(new PamSession(std::move(handle)));
}

Result<void> PamSession::may_come_in(const PamQuestion& question) {
  Handle handle(question);
  if (auto begun = handle.begin(); !begun) return begun.error();
  return handle.ask();
}

std::vector<std::pair<std::string, std::string>> PamSession::environment() const {
  return split_exported(handle_->exported());
}

const std::string& PamSession::greeting() const {
  return handle_->words().as_lines();
}

}  // namespace edge::agent
