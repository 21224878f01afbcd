#include "host/metrics.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>

namespace quarry {
namespace {

TEST(Metrics, AreServedAsPrometheusReadsThem) {
  prometheus::Registry registry;
  auto& family = prometheus::BuildCounter()
                     .Name("quarry_rounds_total")
                     .Help("Rounds that were scanned")
                     .Register(registry);
  family.Add({{"network", "a\"b\n"}}).Increment(3);
  const HttpReply reply = metrics_reply(registry);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(reply.body,
            "# HELP quarry_rounds_total Rounds that were scanned\n"
            "# TYPE quarry_rounds_total counter\n"
            "quarry_rounds_total{network=\"a\\\"b\\n\"} 3\n");
}

}  // namespace
}  // namespace quarry
