// Whether anybody reads what is printed: who has nothing to say would not notice otherwise.
#pragma once

namespace edge::control {

// Of the pipe that stdout is; false where it is none.
bool reader_has_gone();

}  // namespace edge::control
