#include <sapdr/observer.h>

const char* sapdr_item_action_name(int32_t action) {
  switch (action) {
    case SAPDR_ITEM_NEW:
      return "new";
    case SAPDR_ITEM_MODIFIED:
      return "modified";
    case SAPDR_ITEM_UNCHANGED:
      return "unchanged";
    case SAPDR_ITEM_RESTORED:
      return "restored";
    case SAPDR_ITEM_SKIPPED:
      return "skipped";
    case SAPDR_ITEM_FAILED:
      return "failed";
    case SAPDR_ITEM_CHANGED:
      return "changed";
    case SAPDR_ITEM_MISSING:
      return "missing";
    case SAPDR_ITEM_EXTRA:
      return "extra";
    case SAPDR_ITEM_DIFFERS:
      return "differs";
    case SAPDR_ITEM_METADATA:
      return "metadata";
    case SAPDR_ITEM_DAMAGED:
      return "damaged";
    case SAPDR_ITEM_AFFECTED:
      return "affected";
    case SAPDR_ITEM_NOTICE:
      return "notice";
    case SAPDR_ITEM_REMOVED:
      return "removed";
    default:
      return "unknown";
  }
}

const char* sapdr_phase_name(int32_t phase) {
  switch (phase) {
    case SAPDR_PHASE_PREPARE:
      return "prepare";
    case SAPDR_PHASE_READ:
      return "read";
    case SAPDR_PHASE_WRITE:
      return "write";
    case SAPDR_PHASE_CHECK:
      return "check";
    case SAPDR_PHASE_VERIFY:
      return "verify";
    case SAPDR_PHASE_FINISH:
      return "finish";
    default:
      return "unknown";
  }
}
