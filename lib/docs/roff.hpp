// man(7) text: escaping, and the few macros that the pages use.
#pragma once

#include <string>
#include <string_view>

namespace edge::docs {

// Text that roff prints as it stands, wherever in a line it comes.
std::string roff_escape(std::string_view text);

class RoffPage {
 public:
  RoffPage(std::string_view name, int section, std::string_view title);

  void section(std::string_view title);
  void subsection(std::string_view title);
  void paragraph(std::string_view text);
  // Paragraphs are parted by newlines; lines that begin with a blank are kept as they stand.
  void text(std::string_view paragraphs);
  void definition(std::string_view term, std::string_view text);
  void code(std::string_view lines);
  const std::string& str() const noexcept { return out_; }

 private:
  void line(std::string_view words);    // as it stands
  void filled(std::string_view words);  // broken where it is too long for a line of source
  std::string out_;
  bool fresh_ = false;  // a heading was the last thing: a paragraph macro here would be empty
};

}  // namespace edge::docs
