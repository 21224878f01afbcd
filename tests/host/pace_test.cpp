#include "host/pace.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fake_clock.h"

namespace quarry {
namespace {

using Reading = std::optional<uint32_t>;

// A device that takes time to work, and a sensor that says what a script says,
// the last reading for ever.
class PaceTest : public testing::Test {
 protected:
  Pace::Thermometer script(std::vector<Reading> readings) {
    return [this, readings = std::move(readings)] {
      readings_.push_back(clock_.seconds());
      return readings[std::min(readings_.size(), readings.size()) - 1];
    };
  }
  Pace::Notice listen() {
    return [this](std::string_view message) { notices_.emplace_back(message); };
  }
  static void expect_go(Pace& pace) {
    const Status status = pace.before_launch({});
    EXPECT_TRUE(status.ok()) << status.message();
  }
  void launch(Pace& pace, double seconds) {
    expect_go(pace);
    clock_.advance(seconds);
    pace.after_launch(seconds);
  }

  tests::FakeClock clock_;
  std::vector<double> readings_;  // when the sensor was read
  std::vector<std::string> notices_;
};

TEST_F(PaceTest, WithoutLimitsNothingWaitsAndNothingIsRead) {
  Pace pace({}, script({200}), listen(), clock_);
  for (int i = 0; i < 10; i++) launch(pace, 1);
  EXPECT_EQ(clock_.seconds(), 10);
  EXPECT_TRUE(readings_.empty());
  EXPECT_FALSE(pace.paused());
}

TEST_F(PaceTest, PausesAtTheLimitAndGoesOnBelowTheOther) {
  Pace pace({.temperature_limit_celsius = 85, .resume_below_celsius = 80},
            script({84, 85, 84, 80, 79, 84, 85, 79}), listen(), clock_);
  launch(pace, 1);
  EXPECT_EQ(clock_.seconds(), 1);  // 84: not yet
  expect_go(pace);
  EXPECT_EQ(clock_.seconds(), 4);  // 85, 84, 80: too hot until 79
  clock_.advance(1);
  expect_go(pace);
  EXPECT_EQ(clock_.seconds(), 5);  // 84 does not pause again
  clock_.advance(1);
  expect_go(pace);
  EXPECT_EQ(clock_.seconds(), 7);  // 85 does
  EXPECT_TRUE(notices_.empty());
}

TEST_F(PaceTest, ResumesFiveDegreesBelowUnlessTold) {
  Pace pace({.temperature_limit_celsius = 70}, script({70, 66, 65, 64}), listen(), clock_);
  expect_go(pace);
  EXPECT_EQ(readings_.size(), 4u);
}

TEST_F(PaceTest, SaysThatItIsPaused) {
  std::vector<bool> seen;
  Pace* watched = nullptr;
  const auto sensor = script({90, 90, 50});
  Pace pace(
      {.temperature_limit_celsius = 80},
      [&] {
        seen.push_back(watched->paused());
        return sensor();
      },
      listen(), clock_);
  watched = &pace;
  expect_go(pace);
  EXPECT_EQ(seen, (std::vector<bool>{false, true, true}));
  EXPECT_FALSE(pace.paused());
}

TEST_F(PaceTest, ReadsOnceASecond) {
  Pace pace({.temperature_limit_celsius = 80}, script({50}), listen(), clock_);
  for (int i = 0; i < 100; i++) launch(pace, 0.25);
  EXPECT_EQ(readings_.size(), 25u);
  for (size_t i = 1; i < readings_.size(); i++) EXPECT_EQ(readings_[i] - readings_[i - 1], 1);
}

TEST_F(PaceTest, ARequestToStopEndsAPause) {
  Cancel cancel;
  Pace pace(
      {.temperature_limit_celsius = 80},
      [&]() -> Reading {
        if (clock_.seconds() >= 3) cancel.request();
        return 90;
      },
      listen(), clock_);
  EXPECT_EQ(pace.before_launch(cancel).code(), Code::kCancelled);
  EXPECT_LT(clock_.seconds(), 3.2);
}

TEST_F(PaceTest, ASensorThatFailsIsGivenUpOnce) {
  Pace pace({.temperature_limit_celsius = 80}, script({90, {}}), listen(), clock_);
  expect_go(pace);
  EXPECT_EQ(readings_.size(), 1 + Pace::kFailuresToGiveUp);
  EXPECT_FALSE(pace.paused());
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_NE(notices_[0].find("80 C"), std::string::npos) << notices_[0];
  const double before = clock_.seconds();
  for (int i = 0; i < 20; i++) launch(pace, 1);
  EXPECT_EQ(clock_.seconds(), before + 20);
  EXPECT_EQ(readings_.size(), 1 + Pace::kFailuresToGiveUp);
  EXPECT_EQ(notices_.size(), 1u);
}

TEST_F(PaceTest, AFailureNowAndThenChangesNothing) {
  static_assert(Pace::kFailuresToGiveUp == 5);
  Pace pace({.temperature_limit_celsius = 80}, script({90, {}, {}, {}, {}, 90, {}, {}, {}, {}, 74}),
            listen(), clock_);
  expect_go(pace);
  EXPECT_EQ(readings_.size(), 11u);  // paused all the time
  EXPECT_TRUE(notices_.empty());
}

TEST_F(PaceTest, WithoutASensorThereIsNoLimit) {
  Pace pace({.temperature_limit_celsius = 80}, {}, listen(), clock_);
  launch(pace, 1);
  EXPECT_EQ(clock_.seconds(), 1);
}

TEST_F(PaceTest, DutyIsTheShareOfTimeInWhichKernelsRun) {
  for (const uint32_t duty : {1u, 25u, 50u, 80u, 100u}) {
    tests::FakeClock clock;
    Pace pace({.duty_percent = duty}, {}, {}, clock);
    for (int i = 0; i < 10; i++) {
      expect_go(pace);
      clock.advance(0.5);
      pace.after_launch(0.5);
    }
    expect_go(pace);
    EXPECT_NEAR(5 / clock.seconds(), duty / 100.0, 1e-6);
    EXPECT_FALSE(pace.paused());
  }
}

// Time between launches that the caller spent on other things is rest as well.
TEST_F(PaceTest, IdleTimeIsRest) {
  Pace pace({.duty_percent = 50}, {}, {}, clock_);
  launch(pace, 2);
  clock_.advance(1.5);
  expect_go(pace);
  EXPECT_NEAR(clock_.seconds(), 4, 1e-6);
  clock_.advance(10);  // and is not saved up
  launch(pace, 2);
  expect_go(pace);
  EXPECT_NEAR(clock_.seconds(), 18, 1e-6);
}

// Two queues keep one device busy; what they run at the same time counts once.
TEST_F(PaceTest, QueuesOfADeviceRestTogether) {
  Pace pace({.duty_percent = 50}, {}, {}, clock_);
  expect_go(pace);         // queue 1
  expect_go(pace);         // queue 2
  clock_.advance(1);       // 0 to 1: both
  pace.after_launch(1);    // queue 1
  clock_.advance(0.5);     // 1 to 1.5: queue 2
  pace.after_launch(1.5);  // queue 2
  expect_go(pace);
  EXPECT_NEAR(clock_.seconds(), 3, 1e-6);
}

TEST_F(PaceTest, ARequestToStopEndsARest) {
  Cancel cancel;
  Pace pace({.duty_percent = 1}, {}, {}, clock_);
  launch(pace, 100);  // 9900 seconds of rest
  cancel.request();
  EXPECT_EQ(pace.before_launch(cancel).code(), Code::kCancelled);
  EXPECT_EQ(clock_.seconds(), 100);
}

// The sensor is no place for several threads at a time.
TEST_F(PaceTest, ThreadsShareIt) {
  std::atomic<int> inside{0}, reads{0};
  std::atomic<bool> crowded{false};
  Pace pace(
      {.duty_percent = 50, .temperature_limit_celsius = 80},
      [&]() -> Reading {
        if (inside.fetch_add(1) != 0) crowded = true;
        std::this_thread::yield();
        inside.fetch_sub(1);
        return reads.fetch_add(1) % 3 == 1 ? 90 : 50;
      },
      listen(), clock_);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; i++)
    threads.emplace_back([&] {
      for (int j = 0; j < 200; j++) launch(pace, 0.3);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(crowded);
  EXPECT_GT(reads, 10);
  EXPECT_LE(reads, clock_.seconds() + 1);
}

}  // namespace
}  // namespace quarry
