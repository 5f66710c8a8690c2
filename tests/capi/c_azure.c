/* Options of Azure Blob Storage: what is refused, and what of them is never shown. No server is
 * asked: nothing of the kind listens where these locations lead. */
#include "sizes.h"

#define URL "https://acct.blob.core.windows.net/backups/models"
#define KEY "c2VjcmV0"
#define SAS "sp=rwdl&sig=secret"

static void test_arguments(sapdr_ctx* ctx) {
  sapdr_backend* out = NULL;
  STARTED(sapdr_azure_options, azure);
  azure.account_key = KEY;
  EXPECT_SIZES(sapdr_azure_options, azure,
               sapdr_backend_open_azure(&out, ctx, URL, &options.known, &err));
  EXPECT_INVALID(sapdr_backend_open_azure(NULL, ctx, URL, &azure, &err));
  EXPECT_INVALID(sapdr_backend_open_azure(&out, NULL, URL, &azure, &err));
  EXPECT_INVALID(sapdr_backend_open_azure(&out, ctx, NULL, &azure, &err));
  EXPECT_INVALID(sapdr_backend_open_azure(&out, ctx, "/srv/repo", &azure, &err));
  EXPECT_INVALID(sapdr_backend_open_azure(&out, ctx, "azure:Bad_Name:/", &azure, &err));
  EXPECT_INVALID(sapdr_backend_open_azure(&out, ctx, "http://acct.example/c", &azure, &err));
  EXPECT(out == NULL);
}

/* Each call sets one field to what it cannot be. */
static void test_fields(sapdr_ctx* ctx) {
  sapdr_backend* out = NULL;
#define EXPECT_REFUSED(status, field, value)                                       \
  do {                                                                             \
    STARTED(sapdr_azure_options, azure);                                           \
    azure.account_key = KEY;                                                       \
    azure.field = (value);                                                         \
    EXPECT_STATUS(status, sapdr_backend_open_azure(&out, ctx, URL, &azure, &err)); \
  } while (0)
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, connections, 257);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, pack_tier, 5);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, pack_tier, -1);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, identity_kind, 6);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, account, "");
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, account_key, "no base64!");
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, sas, SAS);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, connection_string, "AccountName=a;AccountKey=" KEY);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, identity_kind, SAPDR_AZURE_IDENTITY_CLI);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, ca_file, "/does/not/exist");
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, proxy, "ftp://127.0.0.1:1");
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, connect_timeout_ns, -1);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, stall_timeout_ns, -1);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, secondary, 3);
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, account_id, "");
  EXPECT_REFUSED(SAPDR_E_INVALID_ARGUMENT, management_endpoint, "");
#undef EXPECT_REFUSED
  EXPECT(out == NULL);
}

static void test_location(sapdr_ctx* ctx) {
  sapdr_backend* out = NULL;
  STARTED(sapdr_azure_options, azure);
  azure.connections = 3;
  EXPECT_OK(sapdr_backend_open_azure(&out, ctx, URL "?" SAS, &azure, &err));
  EXPECT_TEXT(URL, sapdr_backend_location(out));
  EXPECT(sapdr_backend_max_parallel(out) == 3);
  sapdr_backend_free(out);
  azure.account = "acct";
  azure.account_key = KEY;
  EXPECT_OK(sapdr_backend_open_azure(&out, ctx, "azure:backups:/models", &azure, &err));
  EXPECT_TEXT("azure:backups:/models", sapdr_backend_location(out));
  sapdr_backend_free(out);
  EXPECT_OK(sapdr_backend_open(&out, ctx, URL "?" SAS, &err));
  EXPECT_TEXT(URL, sapdr_backend_location(out));
  sapdr_backend_free(out);
}

int main(void) {
  sapdr_ctx* ctx = new_context();
  test_arguments(ctx);
  test_fields(ctx);
  test_location(ctx);
  sapdr_ctx_free(ctx);
  return expect_result();
}
