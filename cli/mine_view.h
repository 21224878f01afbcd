// How `quarry mine` shows what it does: events as JSON or as lines, and a view of
// how things stand for a terminal. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "scheduler/mining/miner_events.h"

namespace quarry::cli {

// One object: {"event": "round" | "scan" | "deadline" | "submission" | "mismatch" |
// "block_won" | "pool" | "plot_problem", ...}.
Json mine_event_json(const mining::MinerEvent& event);

// What people want to read of it; "" for what the view shows anyway.
std::string mine_event_text(const mining::MinerEvent& event);

// The words of a pool that refuses, with what the miner's owner can do about it.
std::string explain(const signum::SubmitReply& reply);

// Lines of at most `width` columns.
std::vector<std::string> mine_view(const mining::MinerState& state, size_t width, bool color);

}  // namespace quarry::cli
