// Figures for Prometheus: programs count in a prometheus::Registry, which any thread
// may use, and serve it as text (exposition format 0.0.4).
#pragma once

#include <prometheus/registry.h>

#include "host/http/message.h"

namespace quarry {

// The reply to GET /metrics. `current` holds figures that are made anew for each
// reply, so that series of things that are gone do not stand there for ever.
HttpReply metrics_reply(const prometheus::Registry& registry,
                        const prometheus::Registry* current = nullptr);

}  // namespace quarry
