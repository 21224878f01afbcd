#include "host/metrics.h"

#include <prometheus/text_serializer.h>

namespace quarry {

HttpReply metrics_reply(const prometheus::Registry& registry) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = prometheus::TextSerializer().Serialize(registry.Collect())};
}

}  // namespace quarry
