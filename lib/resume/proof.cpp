#include "resume/proof.hpp"

#include "resume/frame.hpp"

namespace edge::resume {
namespace {

// The stream's id is the one part without a fixed size: it comes last.
std::string signed_text(const Keys& keys, Side signer, const Exchange& said) {
  std::string text = "edge resumption 1, ";
  text += signer == Side::node ? "by the node\n" : "by the operator\n";
  for (const auto* hello : {&said.by_operator, &said.by_node}) text += print_hello(*hello);
  return text + keys.stream;
}

}  // namespace

std::string print_hello(const Hello& hello) {
  return hello.nonce + print_count(hello.received);
}

Hello parse_hello(std::string_view payload) {
  return {std::string(payload.substr(0, kNonceBytes)), parse_count(payload.substr(kNonceBytes, 8))};
}

std::string sign(const Keys& keys, Side signer, const Exchange& said) {
  return crypto::sign_ed25519(keys.seed, signed_text(keys, signer, said));
}

bool is_signed(const Keys& keys, Side signer, const Exchange& said, std::string_view signature) {
  return crypto::verify_ed25519(keys.other_side, signed_text(keys, signer, said), signature);
}

}  // namespace edge::resume
