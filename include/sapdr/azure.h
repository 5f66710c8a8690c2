/* Azure Blob Storage: repositories in a container.
 *
 * sapdr_backend_open takes locations of Azure with all else from the environment, as the command
 * does. This is for programs that know better: what they give goes before the environment.
 * docs/AZURE.md says what each credential is, and which variables are read.
 */
#ifndef SAPDR_AZURE_H
#define SAPDR_AZURE_H

#include <sapdr/backend.h>

SAPDR_BEGIN_DECLS

/* Access tiers of packs that hold contents of files. All else (trees, indexes, snapshots, keys,
 * locks) is read often and is stored in the tier that the account has as its default. */
enum {
  SAPDR_AZURE_TIER_OF_ACCOUNT = 0,
  SAPDR_AZURE_TIER_HOT = 1,
  SAPDR_AZURE_TIER_COOL = 2,
  SAPDR_AZURE_TIER_COLD = 3,
  SAPDR_AZURE_TIER_ARCHIVE = 4 /* cannot be read before it was rehydrated, which takes hours */
};

/* Which identity of Microsoft Entra ID. */
enum {
  SAPDR_AZURE_IDENTITY_AUTOMATIC = 0, /* what is configured, else what is found */
  SAPDR_AZURE_IDENTITY_CLIENT_SECRET = 1,
  SAPDR_AZURE_IDENTITY_CLIENT_CERTIFICATE = 2,
  SAPDR_AZURE_IDENTITY_WORKLOAD = 3, /* a federated token in a file, as in AKS */
  SAPDR_AZURE_IDENTITY_MANAGED = 4,
  SAPDR_AZURE_IDENTITY_CLI = 5 /* whoever is logged in with the command az */
};

/* Whether the second copy of an account with read access to it (RA-GRS, RA-GZRS) is read. It is behind
 * the first one by some minutes, cannot be changed, and needs no lock. */
enum {
  SAPDR_AZURE_SECONDARY_NEVER = 0,
  SAPDR_AZURE_SECONDARY_AFTER_FAILURE = 1, /* once the first copy has not answered for a minute: from
                                              then on all is read there, storing and removing fails
                                              with SAPDR_E_NETWORK, and the log tells how old it is.
                                              For restoring, listing and checking; never for
                                              operations that store or remove */
  SAPDR_AZURE_SECONDARY_ONLY = 2
};

/* NULL and 0: from the location, the environment, or the default. At most one of account_key, sas,
 * connection_string and an identity (identity_kind or a field after it down to
 * federated_token_file) proves who we are; given one, no other one is looked for. */
typedef struct sapdr_azure_options {
  uint32_t struct_size;
  uint32_t connections;          /* requests at once, up to 256; 0: 8 */
  const char *account;           /* of "azure:" locations, and behind a host name of your own */
  const char *account_key;       /* base64 */
  const char *sas;               /* of the account or of the container, with or without "?" */
  const char *connection_string;
  int32_t identity_kind;         /* SAPDR_AZURE_IDENTITY_* */
  int32_t pack_tier;             /* SAPDR_AZURE_TIER_* */
  const char *authority_host;    /* "login.microsoftonline.com" */
  const char *tenant_id;
  const char *client_id;         /* of an application, or of a user-assigned managed identity */
  const char *client_secret;
  const char *certificate_path;  /* PEM or PKCS#12, with its key */
  const char *certificate_password;
  const char *federated_token_file;
  const char *ca_file;           /* PEM: trusted beside the system's authorities */
  const char *proxy;             /* "http://host:port", "none"; NULL: HTTPS_PROXY and NO_PROXY */
  int64_t connect_timeout_ns;    /* name, TCP, proxy and TLS; 0: 15 seconds */
  int64_t first_byte_timeout_ns; /* from when a request has arrived to its answer; 0: 60
                                    seconds */
  int64_t stall_timeout_ns;      /* in which less than 1 KB a second moves; 0: 30 seconds */
  int64_t retry_for_ns;          /* how long a call that failed is made again, with growing pauses;
                                    0: 15 minutes */
  int32_t no_retry;              /* 1: calls are made once */
  int32_t secondary;             /* SAPDR_AZURE_SECONDARY_* */
  int32_t rehydrate_fast;        /* 1: packs in the archive are asked for with high priority, which
                                    costs more; see sapdr_restore_plan_warm_up */
  int32_t reserved;
  /* Only for sapdr_doctor_run, which asks Azure Resource Manager: */
  const char *account_id;        /* "/subscriptions/…/storageAccounts/NAME"; NULL: looked for among
                                    what the identity may see. With it, one from the environment
                                    asks if storage is opened by a key or a SAS */
  const char *management_endpoint; /* NULL: that of the cloud, "https://management.azure.com" */
  uint64_t limit_upload;         /* bytes a second that are saved, on average, each attempt counted:
                                    as sapdr_backend_with_limit inside of the retries; 0: not
                                    limited */
  uint64_t limit_download;       /* the same of what is loaded */
} sapdr_azure_options;

/* Opens storage in Azure without touching it. `location` is one of
 *   "azure:CONTAINER:/PREFIX"                                   as in restic
 *   "https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX"    or any other endpoint, maybe with a
 *                                                               SAS behind "?", which is not shown
 *   "http://127.0.0.1:10000/ACCOUNT/CONTAINER/PREFIX"           an emulator on this machine
 * Strings are copied, secrets wiped when the last handle to the storage is freed. Nothing here is
 * part of a message but names. SAPDR_E_INVALID_ARGUMENT if an option or the location is malformed,
 * or if more than one thing was given that proves who we are. @since 0.1 */
SAPDR_API SAPDR_NODISCARD sapdr_status sapdr_backend_open_azure(sapdr_backend **out, sapdr_ctx *ctx,
                                                                const char *location,
                                                                const sapdr_azure_options *options,
                                                                sapdr_error **err);

SAPDR_END_DECLS

#endif
