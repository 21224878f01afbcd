#include "host/metrics.h"

#include <prometheus/text_serializer.h>

namespace quarry {

HttpReply metrics_reply(const prometheus::Registry& registry, const prometheus::Registry* current) {
  std::vector<prometheus::MetricFamily> families = registry.Collect();
  if (current != nullptr)
    for (prometheus::MetricFamily& family : current->Collect())
      families.push_back(std::move(family));
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = prometheus::TextSerializer().Serialize(families)};
}

}  // namespace quarry
