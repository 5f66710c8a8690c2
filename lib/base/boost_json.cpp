// Boost.JSON, compiled into the library: nothing to install or to clash with at run time.
#include <boost/json/src.hpp>
