#include <sapdr/status.h>

const char* sapdr_status_name(sapdr_status status) {
  switch (status) {
#define SAPDR_NAME_(name, value, exit_code, text) \
  case value:                                     \
    return "SAPDR_" #name;
    SAPDR_STATUS_TABLE(SAPDR_NAME_)
#undef SAPDR_NAME_
    default:
      return "unknown";
  }
}

const char* sapdr_status_text(sapdr_status status) {
  switch (status) {
#define SAPDR_TEXT_(name, value, exit_code, text) \
  case value:                                     \
    return text;
    SAPDR_STATUS_TABLE(SAPDR_TEXT_)
#undef SAPDR_TEXT_
    default:
      return "the status is in no table of this version";
  }
}

int32_t sapdr_status_exit_code(sapdr_status status) {
  switch (status) {
#define SAPDR_EXIT_(name, value, exit_code, text) \
  case value:                                     \
    return exit_code;
    SAPDR_STATUS_TABLE(SAPDR_EXIT_)
#undef SAPDR_EXIT_
    default:
      return 1;
  }
}
