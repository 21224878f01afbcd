// sass_count CUBIN ARCH: prints the instructions per permutation in the hot loops
// of plot_main and its variants. Exit 1 if they are more than is known to be
// possible, a loop is not found, or a probe does not have the instructions that
// it is named for.
//
// A cubin is an ELF file whose section .text.NAME holds the machine code of one
// kernel: instructions of 16 bytes since Volta, with the operation in the low 9
// bits. A loop is what a backward branch jumps over.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Bound {
  std::string_view kernel, loop;
  double alu;  // instructions per permutation on the unit for logic, shifts and additions
  double all;  // and of every kind
};

// What nvcc 13.0 makes and up to two more: far less than what each of the tricks
// saves. ptxas makes other choices for Blackwell.
constexpr Bound kBounds[] = {
    {"plot_main", "ring", 337, 456},    {"plot_main", "global", 335, 447},
    {"plot_main_m1", "ring", 289, 456}, {"plot_main_m1", "global", 287, 448},
    {"plot_main_m5", "ring", 265, 480}, {"plot_main_m5", "global", 263, 471},
};
constexpr Bound kBoundsBlackwell[] = {
    {"plot_main", "ring", 349, 459},    {"plot_main", "global", 347, 450},
    {"plot_main_m1", "ring", 301, 459}, {"plot_main_m1", "global", 299, 450},
    {"plot_main_m5", "ring", 301, 483}, {"plot_main_m5", "global", 299, 474},
};

// Each iteration permutes twice, and loads a block of four times 16 bytes for
// each permutation.
constexpr size_t kPermutations = 2;
constexpr size_t kLoads = 4;
// Shorter loops fill the ring.
constexpr size_t kHotInstructions = 300;

constexpr unsigned kLop3 = 0x12, kShf = 0x19, kIadd3 = 0x10, kImad = 0x24, kImadWide = 0x25;
constexpr unsigned kImadHigh = 0x27, kBranch = 0x147, kLoadGlobal = 0x181, kLoadGroup = 0x184;
constexpr unsigned kStoreGlobal = 0x186, kStoreGroup = 0x188;

// The loops of kernels/cuda/probes.h: 256 of each kind, and a few for the loop.
struct ProbeBound {
  std::string_view kernel;
  unsigned operation;
  size_t count;
  bool beside_lop3;  // as many of those
};
constexpr ProbeBound kProbes[] = {
    {"probe_lop3", kLop3, 256, false},
    {"probe_shf", kShf, 256, false},
    {"probe_iadd3", kIadd3, 256, false},
    {"probe_imad", kImad, 256, false},
    {"probe_imad_wide", kImadWide, 256, false},
    {"probe_shf_lop3", kShf, 256, true},
    {"probe_iadd3_lop3", kIadd3, 256, true},
    {"probe_imad_lop3", kImad, 256, true},
    {"probe_imad_wide_lop3", kImadWide, 256, true},
    // Two multiplications and two LOP3 for each of 48 steps, beside the rotation.
    {"probe_step", kShf, 48, false},
};
constexpr size_t kProbeInstructions = 200;  // shorter loops are none of theirs
constexpr size_t kProbeOthers = 20;
// MOV, CS2R, SEL, ISETP, LOP3, IADD3, LEA, PRMT, IMNMX, SHF, IADD, VIADD, VIMNMX.
constexpr unsigned kAlu[] = {0x02, 0x05, 0x07, 0x0c, kLop3, kIadd3, 0x11,
                             0x16, 0x17, kShf, 0x35, 0x36,  0x48};

struct Instruction {
  uint64_t low, high;
  unsigned operation() const { return low & 0x1ff; }
};
using Code = std::vector<Instruction>;

template <class T>
T at(const std::string& file, uint64_t offset) {
  T value{};
  if (offset > file.size() || sizeof value > file.size() - offset) {
    std::fprintf(stderr, "not a whole ELF file\n");
    std::exit(1);
  }
  std::memcpy(&value, &file[offset], sizeof value);
  return value;
}

// The code of each kernel, by its name.
std::map<std::string, Code> kernels_of(const std::string& file) {
  const auto sections = at<uint64_t>(file, 40);
  const auto size = at<uint16_t>(file, 58), count = at<uint16_t>(file, 60);
  const uint64_t names = at<uint64_t>(file, sections + at<uint16_t>(file, 62) * size + 24);
  std::map<std::string, Code> kernels;
  for (unsigned i = 0; i < count; i++) {
    const uint64_t section = sections + i * size;
    std::string name;
    for (uint64_t p = names + at<uint32_t>(file, section); at<char>(file, p) != '\0'; p++)
      name += file[p];
    if (name.rfind(".text.", 0) != 0) continue;
    const auto begin = at<uint64_t>(file, section + 24), bytes = at<uint64_t>(file, section + 32);
    Code& code = kernels[name.substr(6)];
    for (uint64_t p = begin; p < begin + bytes; p += 16)
      code.push_back({at<uint64_t>(file, p), at<uint64_t>(file, p + 8)});
  }
  return kernels;
}

// How many instructions a branch goes on, from the one after it.
int64_t branch_distance(const Instruction& branch, int arch) {
  if (arch < 90) return static_cast<int32_t>(branch.low >> 32) / 16;  // in bytes
  // In units of 4 bytes: the low 8 of 56 bits apart from the others.
  const uint64_t upper = branch.low >> 34 | (branch.high & 0x3ffff) << 30;
  const uint64_t units = (upper << 8) | (branch.low >> 16 & 0xff);
  return static_cast<int64_t>(units << 8) / 256 / 4;
}

struct Loop {
  size_t first, last;
};

// Loops of so many instructions without another one inside.
std::vector<Loop> long_loops(const Code& code, int arch, size_t instructions) {
  std::vector<Loop> loops;
  for (size_t i = 0; i < code.size(); i++) {
    if (code[i].operation() != kBranch) continue;
    const int64_t target = static_cast<int64_t>(i) + 1 + branch_distance(code[i], arch);
    if (target < 0 || target + static_cast<int64_t>(instructions) > static_cast<int64_t>(i))
      continue;
    const Loop loop = {static_cast<size_t>(target), i};
    if (loops.empty() || loops.back().last < loop.first) loops.push_back(loop);
  }
  return loops;
}

struct Counts {
  std::map<unsigned, size_t> of;
  size_t all = 0;

  size_t alu() const {
    size_t sum = 0;
    for (const unsigned operation : kAlu) sum += get(operation);
    return sum;
  }
  size_t get(unsigned operation) const {
    const auto found = of.find(operation);
    return found == of.end() ? 0 : found->second;
  }
};

Counts count(const Code& code, const Loop& loop) {
  Counts counts;
  for (size_t i = loop.first; i <= loop.last; i++) counts.of[code[i].operation()]++;
  counts.all = loop.last - loop.first + 1;
  return counts;
}

double each(size_t count) { return static_cast<double>(count) / kPermutations; }

// False, and a line of why, if the loop has more instructions than it may.
bool check(const std::string& title, const Counts& c, const Bound& bound) {
  std::printf(
      "%s: LOP3 %g, SHF %g, IADD3 %g, ALU %g, IMAD %g, WIDE %g, LSU %g, all %g\n", title.c_str(),
      each(c.get(kLop3)), each(c.get(kShf)), each(c.get(kIadd3)), each(c.alu()), each(c.get(kImad)),
      each(c.get(kImadWide) + c.get(kImadHigh)),
      each(c.get(kLoadGlobal) + c.get(kLoadGroup) + c.get(kStoreGlobal) + c.get(kStoreGroup)),
      each(c.all));
  bool good = true;
  const auto at_most = [&](const char* what, double has, double most) {
    if (has <= most) return;
    std::printf("%s: %g %s, more than %g\n", title.c_str(), has, what, most);
    good = false;
  };
  at_most("on the ALU", each(c.alu()), bound.alu);
  at_most("instructions", each(c.all), bound.all);
  at_most("loads", each(c.get(kLoadGlobal) + c.get(kLoadGroup)), kLoads);
  return good;
}

// The loop that loads from this memory and no other; null if there is none, or two.
const Counts* find_loop(const std::vector<Counts>& loops, std::string_view memory) {
  const unsigned load = memory == "ring" ? kLoadGroup : kLoadGlobal;
  const unsigned other = memory == "ring" ? kLoadGlobal : kLoadGroup;
  const Counts* found = nullptr;
  for (const Counts& loop : loops) {
    if (loop.get(load) == 0 || loop.get(other) > 0) continue;
    if (found != nullptr) return nullptr;
    found = &loop;
  }
  return found;
}

// False, and a line of why, if the probe would measure something else.
bool check_probe(const std::map<std::string, Code>& kernels, const ProbeBound& bound, int arch) {
  const std::string name(bound.kernel);
  const auto kernel = kernels.find(name);
  const std::vector<Loop> loops = kernel == kernels.end()
                                      ? std::vector<Loop>{}
                                      : long_loops(kernel->second, arch, kProbeInstructions);
  if (loops.size() != 1) {
    std::printf("sm_%d %s: no such loop\n", arch, name.c_str());
    return false;
  }
  const Counts counts = count(kernel->second, loops[0]);
  const size_t has = counts.get(bound.operation), lop3 = counts.get(kLop3);
  // The counter of the loop may be of the kind itself.
  bool good = has >= bound.count && has <= bound.count + 1;
  if (bound.kernel == "probe_step")
    good = good && lop3 == 2 * bound.count && counts.get(kImad) >= 2 * bound.count &&
           counts.all <= 5 * bound.count + kProbeOthers;
  else
    good = good && (!bound.beside_lop3 || lop3 == bound.count) &&
           counts.all <= (bound.beside_lop3 ? 2 : 1) * bound.count + kProbeOthers;
  if (!good)
    std::printf("sm_%d %s: %zu of its kind, LOP3 %zu, all %zu\n", arch, name.c_str(), has, lop3,
                counts.all);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: sass_count CUBIN ARCH\n");
    return 2;
  }
  const int arch = std::atoi(argv[2]);
  std::ifstream stream(argv[1], std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const std::map<std::string, Code> kernels = kernels_of(file);
  bool good = true;
  for (const Bound& bound : arch >= 100 ? kBoundsBlackwell : kBounds) {
    const std::string title = "sm_" + std::to_string(arch) + " " + std::string(bound.kernel) + " " +
                              std::string(bound.loop);
    std::vector<Counts> loops;
    if (const auto kernel = kernels.find(std::string(bound.kernel)); kernel != kernels.end())
      for (const Loop& loop : long_loops(kernel->second, arch, kHotInstructions))
        loops.push_back(count(kernel->second, loop));
    if (const Counts* counts = find_loop(loops, bound.loop); counts != nullptr) {
      good = check(title, *counts, bound) && good;
    } else {
      std::printf("%s: no such loop\n", title.c_str());
      good = false;
    }
  }
  for (const ProbeBound& bound : kProbes) good = check_probe(kernels, bound, arch) && good;
  return good ? 0 : 1;
}
