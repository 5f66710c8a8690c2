// sapdr::error becomes an exception of sapdr._errors.
#pragma once

namespace sapdr_python {

// Call once, while the module is made.
void register_errors();

}  // namespace sapdr_python
