/* What answers without a handle: version, names of statuses, actions and phases, errors. */
#include <sapdr/sapdr.h>
#include <stdio.h>

#include "expect.h"

static void test_tables(void) {
  EXPECT(sapdr_version_number() == SAPDR_VERSION_NUMBER);
  int major, minor, patch;
  EXPECT(sscanf(sapdr_version_string(), "%d.%d.%d", &major, &minor, &patch) == 3);
  EXPECT(major * 1000000 + minor * 1000 + patch == SAPDR_VERSION_NUMBER);
#define CHECK_ROW(name, value, exit_code, text)                 \
  EXPECT(SAPDR_##name == (value));                              \
  EXPECT_TEXT("SAPDR_" #name, sapdr_status_name(SAPDR_##name)); \
  EXPECT_TEXT(text, sapdr_status_text(SAPDR_##name));           \
  EXPECT(sapdr_status_exit_code(SAPDR_##name) == (exit_code));
  SAPDR_STATUS_TABLE(CHECK_ROW)
  EXPECT_TEXT("unknown", sapdr_status_name(7));
  EXPECT(sapdr_status_text(7)[0] != '\0');
  EXPECT(sapdr_status_exit_code(-1000) == 1);
  EXPECT_TEXT("new", sapdr_item_action_name(SAPDR_ITEM_NEW));
  EXPECT_TEXT("notice", sapdr_item_action_name(SAPDR_ITEM_NOTICE));
  EXPECT_TEXT("removed", sapdr_item_action_name(SAPDR_ITEM_REMOVED));
  EXPECT_TEXT("unknown", sapdr_item_action_name(0));
  EXPECT_TEXT("prepare", sapdr_phase_name(SAPDR_PHASE_PREPARE));
  EXPECT_TEXT("finish", sapdr_phase_name(SAPDR_PHASE_FINISH));
  EXPECT_TEXT("unknown", sapdr_phase_name(99));
  for (int32_t i = SAPDR_ITEM_NEW; i <= SAPDR_ITEM_REMOVED; ++i) {
    EXPECT(strcmp("unknown", sapdr_item_action_name(i)) != 0);
  }
  for (int32_t i = SAPDR_PHASE_PREPARE; i <= SAPDR_PHASE_FINISH; ++i) {
    EXPECT(strcmp("unknown", sapdr_phase_name(i)) != 0);
  }
}

static void test_errors(void) {
  sapdr_error* error = sapdr_error_new(SAPDR_E_IO, "line one\nline two");
  EXPECT(sapdr_error_code(error) == SAPDR_E_IO);
  EXPECT(strchr(sapdr_error_message(error), '\n') == NULL);
  EXPECT(sapdr_error_retryable(error) == SAPDR_RETRY_NEVER);
  EXPECT(sapdr_error_detail(error, "path") == NULL);
  EXPECT(sapdr_error_cause(error) == NULL);
  sapdr_error_free(error);

  /* What is no failure cannot be an error; that it is one still has to be told. */
  error = sapdr_error_new(SAPDR_OK, NULL);
  EXPECT(sapdr_error_code(error) == SAPDR_E_CALLBACK);
  sapdr_error_free(error);
}

int main(void) {
  test_tables();
  test_errors();
  return expect_result();
}
