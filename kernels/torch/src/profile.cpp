// A profile of the engine: libtorch's RecordFunction calls back at each ATen operator and backward node, `enter` at each
// call from JavaScript. A backward node belongs to the module whose forward call made it: nodes are numbered in the order
// in which they are made, and each forward call notes its first and last number.
#include "profile.h"

#include <ATen/SequenceNumber.h>
#include <ATen/record_function.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <chrono>

#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

enum class EventKind : int32_t { call, op, node };

struct Event {
  int32_t name, kind, module, detail;
  int64_t start, end;  // nanoseconds
};

/** The backward nodes [first, last) that one call made. */
struct Nodes {
  uint64_t first, last;
  int32_t module;
};

struct Recording {
  std::vector<Event> events;
  std::vector<Nodes> nodes;
  std::vector<std::string> texts;
  std::unordered_map<std::string, int32_t> ids;
  int32_t module = -1;
  int64_t begin = 0;
  at::CallbackHandle handle = at::INVALID_CALLBACK_HANDLE;
  std::mutex lock;

  int32_t id(const std::string& text) {
    auto [place, isNew] = ids.try_emplace(text, static_cast<int32_t>(texts.size()));
    if (isNew) texts.push_back(text);
    return place->second;
  }

  int32_t moduleOfNode(int64_t number) const {
    if (number < 0) return -1;
    auto after = std::upper_bound(nodes.begin(), nodes.end(), static_cast<uint64_t>(number),
                                  [](uint64_t n, const Nodes& range) { return n < range.first; });
    if (after == nodes.begin()) return -1;
    auto& range = *--after;
    return static_cast<uint64_t>(number) < range.last ? range.module : -1;
  }
};

/** More events than this are not kept: about 100 MB. */
constexpr size_t kMaxEvents = 2'000'000;

static Recording* recording = nullptr;

/** Nanoseconds; a device with a queue is waited for first, so that a call's time is that of its work. */
static int64_t now() {
  if (!device().is_cpu()) c10::impl::VirtualGuardImpl(device().type()).synchronizeDevice(device().index());
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void keep(const Event& event) {
  if (recording->events.size() < kMaxEvents) recording->events.push_back(event);
}

static std::string typeAndShape(const Tensor& tensor) {
  std::string text = c10::toString(tensor.scalar_type());
  text += " [";
  for (int64_t d = 0; d < tensor.dim(); d++) text += (d ? "," : "") + std::to_string(tensor.size(d));
  return text + "]";
}

/** Types and shapes of the tensors among an operator's arguments; of a copy: from what to what. */
static std::string detailOf(const at::RecordFunction& f) {
  std::vector<std::string> parts;
  for (auto& input : f.inputs())
    if (input.isTensor() && input.toTensor().defined()) parts.push_back(typeAndShape(input.toTensor()));
  if (std::string_view(f.name()) == "aten::copy_" && parts.size() == 2) return parts[1] + " -> " + parts[0];
  std::string text;
  for (size_t k = 0; k < std::min<size_t>(parts.size(), 4); k++) text += (k ? ", " : "") + parts[k];
  return text;
}

struct Observed : at::ObserverContext {
  Event event{};
  /** Module of the calls before a backward node ran. */
  int32_t before = -1;
};

static std::unique_ptr<at::ObserverContext> onStart(const at::RecordFunction& f) {
  if (!recording) return nullptr;
  auto context = std::make_unique<Observed>();
  std::lock_guard<std::mutex> guard(recording->lock);
  bool isNode = f.scope() == at::RecordScope::BACKWARD_FUNCTION;
  context->before = recording->module;
  // what runs inside a node belongs to its module too
  if (isNode) recording->module = recording->moduleOfNode(f.seqNr());
  auto kind = static_cast<int32_t>(isNode ? EventKind::node : EventKind::op);
  context->event = {recording->id(f.name()), kind, recording->module, recording->id(detailOf(f)), now(), 0};
  return context;
}

static void onEnd(const at::RecordFunction& f, at::ObserverContext* context) {
  auto* observed = static_cast<Observed*>(context);
  if (!recording || !observed) return;
  std::lock_guard<std::mutex> guard(recording->lock);
  observed->event.end = now();
  if (f.scope() == at::RecordScope::BACKWARD_FUNCTION) recording->module = observed->before;
  keep(observed->event);
}

ProfiledCall::ProfiledCall(const char* name) : name_(name) {
  if (!recording || std::string_view(name) == "profileModule") return;
  firstNode_ = at::sequence_number::peek();
  start_ = now();
}

ProfiledCall::~ProfiledCall() {
  if (!recording || start_ < 0) return;
  std::lock_guard<std::mutex> guard(recording->lock);
  uint64_t next = at::sequence_number::peek();
  if (next > firstNode_ && at::GradMode::is_enabled()) recording->nodes.push_back({firstNode_, next, recording->module});
  keep({recording->id(name_), static_cast<int32_t>(EventKind::call), recording->module, recording->id(""), start_, now()});
}

static void startRecording() {
  recording = new Recording;
  recording->begin = now();
  recording->handle = at::addGlobalCallback(
      at::RecordFunctionCallback(onStart, onEnd)
          .needsInputs(true)
          .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}

/** { texts, events: six numbers each: name, kind, module, detail, start and end in microseconds } */
static napi_value stopRecording(napi_env env) {
  std::unique_ptr<Recording> done(recording);
  at::removeCallback(done->handle);
  recording = nullptr;
  napi_value result, texts, buffer, events;
  napi_create_object(env, &result);
  napi_create_array_with_length(env, done->texts.size(), &texts);
  for (size_t k = 0; k < done->texts.size(); k++) napi_set_element(env, texts, k, jsText(env, done->texts[k]));
  double* numbers;
  size_t count = done->events.size() * 6;
  napi_create_arraybuffer(env, count * sizeof(double), reinterpret_cast<void**>(&numbers), &buffer);
  for (auto& e : done->events) {
    double row[6] = {double(e.name), double(e.kind), double(e.module), double(e.detail), double(e.start - done->begin) / 1e3,
                     double(e.end - done->begin) / 1e3};
    numbers = std::copy(row, row + 6, numbers);
  }
  napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &events);
  napi_set_named_property(env, result, "texts", texts);
  napi_set_named_property(env, result, "events", events);
  return result;
}

void defineProfile() {
  defineFunction("profileStart", [](Call&) -> napi_value {
    if (recording) throw std::runtime_error("a profile is being taken already");
    startRecording();
    return nullptr;
  });
  // (module) -> the one before: the number of the module whose calls follow
  defineFunction("profileModule", [](Call& call) {
    int32_t before = recording ? recording->module : -1;
    if (recording) recording->module = static_cast<int32_t>(call.integer(0));
    return jsInteger(call.env, before);
  });
  defineFunction("profileStop", [](Call& call) -> napi_value {
    if (!recording) throw std::runtime_error("no profile is being taken");
    return stopRecording(call.env);
  });
}

}  // namespace detlab
