/* Doctor through the C ABI: a folder, storage that cannot be asked, and arguments that make no
 * sense. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sizes.h"

static sapdr_finding_list* diagnose(sapdr_backend* backend, int32_t duty) {
  STARTED(sapdr_doctor_options, options);
  sapdr_finding_list* list;
  options.duty = duty;
  EXPECT_OK(sapdr_doctor_run(&list, backend, &options, &err));
  return list;
}

static const sapdr_finding* find(const sapdr_finding_list* list, const char* code) {
  for (size_t i = 0; i < sapdr_finding_list_size(list); ++i) {
    const sapdr_finding* each = sapdr_finding_list_at(list, i);
    EXPECT(each->struct_size == sizeof *each);
    if (strcmp(each->code, code) == 0) return each;
  }
  return NULL;
}

static void test_a_folder(sapdr_ctx* ctx) {
  sapdr_backend* backend;
  EXPECT(mkdir("folder", 0700) == 0);
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "folder", &err));
  sapdr_finding_list* list = diagnose(backend, SAPDR_DUTY_BACKUP);
  const sapdr_finding* mode = find(list, "folder-mode");
  EXPECT(mode != NULL && mode->severity == SAPDR_SEVERITY_OK);
  EXPECT_TEXT("folder", mode->object);
  EXPECT(mode->message[0] != '\0');
  EXPECT(sapdr_finding_list_at(list, sapdr_finding_list_size(list)) == NULL);
  sapdr_finding_list_free(list);

  EXPECT(chmod("folder", 0777) == 0);
  list = diagnose(backend, SAPDR_DUTY_RESTORE);
  EXPECT(find(list, "folder-mode")->severity == SAPDR_SEVERITY_DANGER);
  EXPECT_STATUS(SAPDR_E_UNSAFE, sapdr_finding_list_verify(list, &err));
  sapdr_finding_list_free(list);

  EXPECT(chmod("folder", 0700) == 0);
  EXPECT(rmdir("folder") == 0);
  EXPECT_STATUS(SAPDR_E_NOT_FOUND, sapdr_doctor_run(&list, backend, NULL, &err));
  EXPECT(list == NULL);
  sapdr_backend_free(backend);
}

static void test_arguments(sapdr_ctx* ctx) {
  sapdr_backend* backend;
  sapdr_finding_list* list;
  sapdr_cancel* cancel;
  STARTED(sapdr_doctor_options, good);
  EXPECT_OK(sapdr_backend_open(&backend, ctx, "memory:", &err));
  EXPECT_OK(sapdr_doctor_run(&list, backend, NULL, &err));
  EXPECT(sapdr_finding_list_size(list) == 1);
  EXPECT(find(list, "storage")->severity == SAPDR_SEVERITY_UNKNOWN);
  EXPECT_OK(sapdr_finding_list_verify(list, &err));
  sapdr_finding_list_free(list);

  EXPECT_INVALID(sapdr_doctor_run(NULL, backend, NULL, &err));
  EXPECT_INVALID(sapdr_doctor_run(&list, NULL, NULL, &err));
  EXPECT_INVALID(sapdr_finding_list_verify(NULL, &err));
  EXPECT_SIZES(sapdr_doctor_options, good, sapdr_doctor_run(&list, backend, &options.known, &err));
  good.duty = SAPDR_DUTY_PRUNE + 1;
  EXPECT_INVALID(sapdr_doctor_run(&list, backend, &good, &err));
  good.duty = 0;
  EXPECT_OK(sapdr_cancel_new(&cancel, &err));
  sapdr_cancel_trigger(cancel);
  good.cancel = cancel;
  EXPECT_STATUS(SAPDR_E_CANCELLED, sapdr_doctor_run(&list, backend, &good, &err));
  sapdr_cancel_free(cancel);

  EXPECT(sapdr_finding_list_size(NULL) == 0 && sapdr_finding_list_at(NULL, 0) == NULL);
  sapdr_finding_list_free(NULL);
  EXPECT_TEXT("danger", sapdr_severity_name(SAPDR_SEVERITY_DANGER));
  EXPECT_TEXT("unknown", sapdr_severity_name(99));
  sapdr_backend_free(backend);
}

int main(void) {
  sapdr_ctx* ctx;
  EXPECT_OK(sapdr_ctx_new(&ctx, NULL, &err));
  test_a_folder(ctx);
  test_arguments(ctx);
  sapdr_ctx_free(ctx);
  return expect_result();
}
