// Storage with a second copy that can be read when the first one is gone.
#pragma once

#include <functional>

#include "storage/backend.hpp"

namespace sapdr::core {

// Tells how old the second copy is, for messages: "which has all that was stored before …". Called
// when it is turned to. What it throws means that the age is not known; an error that more attempts
// might mend, that there is no second copy to turn to: then the failure of the first one stands.
using DescribeLag = std::function<std::string()>;

// Everything goes to `primary` until a call that reads fails there with an error that more attempts
// might have mended: a primary that is tried again for some time has to do that itself. That call
// and all after it are then answered by `secondary`, for as long as this object lives, and the log
// says so as a warning. From then on nothing can be stored or removed (Code::network, not worth a
// retry), and is_read_only() says so: the second copy follows the first one, never the other way
// round.
BackendPtr with_secondary(ContextPtr context, BackendPtr primary, BackendPtr secondary,
                          DescribeLag describe_lag);

}  // namespace sapdr::core
