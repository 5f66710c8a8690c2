#include <sapdr/version.h>

#define SAPDR_TEXT_(number) #number
#define SAPDR_DOTTED_(major, minor, patch) \
  SAPDR_TEXT_(major) "." SAPDR_TEXT_(minor) "." SAPDR_TEXT_(patch)

int32_t sapdr_version_number(void) {
  return SAPDR_VERSION_NUMBER;
}

const char* sapdr_version_string(void) {
  return SAPDR_DOTTED_(SAPDR_VERSION_MAJOR, SAPDR_VERSION_MINOR, SAPDR_VERSION_PATCH);
}
