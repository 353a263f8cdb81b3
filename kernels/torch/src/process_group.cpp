// A process group of libtorch's c10d: Gloo, and NCCL for the gradients of GPUs in a build that asks for it. Gradients have
// connections of their own, so that their sums run beside those of a forward pass (batch norms, divisors of losses).
#include "process_group.h"

#include "allocator.h"
#include "call.h"
#include "definitions.h"

#if __has_include(<torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>)

#define USE_C10D_GLOO
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#if defined(DETLAB_NCCL) && __has_include(<nccl.h>)
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include "work_in_progress.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

namespace detlab {

using c10d::Backend;
using c10d::Work;
using std::chrono::milliseconds;
using Works = c10::intrusive_ptr<Work>;

/** Where the ranks find each other. */
struct Meeting {
  int rank, size;
  std::string file;            // of a FileStore; empty: a TCPStore
  std::string host;
  uint16_t port;
  bool serves;                 // this process has the TCPStore
  std::string prefix;
  milliseconds timeout;
  std::string address;         // of this process's connections
  std::string interface;       // or their network interface
  bool onGpu;
};

struct Group {
  int size;
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<Backend> numbers, gradients;
  bool onGpu = false;
};

/** A start that is under way, or that was not yet looked at. One that is given up ends by itself, and its group with it. */
struct Start {
  std::atomic<bool> ended{false};  // after what follows was written
  std::unique_ptr<Group> made;
  std::string failure;
};

static Group* group = nullptr;
static std::shared_ptr<Start>& starting = *new std::shared_ptr<Start>;

/** Listens on one address of this machine alone: by itself a TCPStore listens on all of them. */
static int listenOn(const std::string& host, uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0 || !found)
    throw std::runtime_error("the address \"" + host + "\" is unknown");
  int on = 1;
  int listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  bool listens = listener >= 0 && bind(listener, found->ai_addr, found->ai_addrlen) == 0 && listen(listener, 1024) == 0;
  int reason = errno;
  freeaddrinfo(found);
  if (listens) return listener;
  if (listener >= 0) close(listener);
  throw std::runtime_error((reason == EADDRINUSE ? "EADDRINUSE: port " : "cannot listen on port ") + std::to_string(port) +
                           " of " + host + ": " + std::strerror(reason));
}

static c10::intrusive_ptr<c10d::Store> storeOf(const Meeting& at) {
  c10::intrusive_ptr<c10d::Store> store;
  if (!at.file.empty()) {
    store = c10::make_intrusive<c10d::FileStore>(at.file, at.size);
  } else {
    c10d::TCPStoreOptions options;
    options.port = at.port;
    options.isServer = at.serves;
    options.numWorkers = at.size;
    options.waitWorkers = false;
    options.timeout = at.timeout;
    if (at.serves) options.masterListenFd = listenOn(at.host, at.port);
    store = c10::make_intrusive<c10d::TCPStore>(at.host, options);
  }
  store->setTimeout(at.timeout);
  return c10::make_intrusive<c10d::PrefixStore>(at.prefix, store);
}

static c10::intrusive_ptr<Backend> glooOn(const Meeting& at, c10::intrusive_ptr<c10d::Store> store, const char* name) {
  auto options = c10d::ProcessGroupGloo::Options::create(at.timeout);
  options->devices.push_back(at.interface.empty() ? c10d::ProcessGroupGloo::createDeviceForHostname(at.address)
                                                  : c10d::ProcessGroupGloo::createDeviceForInterface(at.interface));
  auto own = c10::make_intrusive<c10d::PrefixStore>(name, store);
  return c10::make_intrusive<c10d::ProcessGroupGloo>(own, at.rank, at.size, options);
}

static std::unique_ptr<Group> meet(const Meeting& at) {
  auto made = std::make_unique<Group>();
  made->size = at.size;
  made->store = storeOf(at);
  made->numbers = glooOn(at, made->store, "numbers");
#ifdef USE_C10D_NCCL
  if (at.onGpu) {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = at.timeout;
    auto own = c10::make_intrusive<c10d::PrefixStore>("gradients", made->store);
    made->gradients = c10::make_intrusive<c10d::ProcessGroupNCCL>(own, at.rank, at.size, options);
    made->onGpu = true;
    return made;
  }
#endif
  made->gradients = glooOn(at, made->store, "gradients");
  return made;
}

static Group& running() {
  if (!group) throw std::runtime_error("this process has no process group");
  return *group;
}

int groupSize() { return group ? group->size : 0; }

at::Device reductionDevice(const at::Device& of) { return group && group->onGpu ? of : at::Device(at::kCPU); }

struct Sum : Reduction {
  Sum(Works given, bool onGpu) : work(std::move(given)), onGpu(onGpu) {}
  bool wait(int limit) override {
    if (onGpu) return isCompletedWithin(*work, limit);
    return endsWithin(*work, work->isCompleted() ? 1 : limit);
  }
  Works work;
  bool onGpu;
};

static Works sumOver(Backend& backend, const Tensor& flat) {
  std::vector<Tensor> tensors{flat};
  return backend.allreduce(tensors);
}

std::unique_ptr<Reduction> beginReduction(Tensor flat) {
  return std::make_unique<Sum>(sumOver(*running().gradients, flat), running().onGpu);
}

void finish(Reduction& reduction) {
  constexpr int kLook = 50;
  while (!reduction.wait(kLook))
    if (isUrgent()) throw std::runtime_error("Stopped by the user");
}

/** What was begun and not yet taken, by its number. */
struct Pending {
  Works work;
  std::vector<Tensor> tensors;
};
static std::map<int64_t, Pending>& pending = *new std::map<int64_t, Pending>;
static int64_t nextPending = 0;

static napi_value keep(Call& call, Pending given) {
  pending[++nextPending] = std::move(given);
  return jsInteger(call.env, nextPending);
}

static Pending take(Call& call) {
  auto found = pending.find(call.integer(0));
  if (found == pending.end()) throw std::runtime_error("this operation of the process group is not under way");
  Pending taken = std::move(found->second);
  pending.erase(found);
  finishWork(*taken.work);
  return taken;
}

/** The bytes of a typed array. */
static std::pair<char*, size_t> bytesOf(Call& call, size_t k, napi_typedarray_type expected, size_t width) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(call.env, call.raw(k), &type, &length, &data, nullptr, nullptr) != napi_ok || type != expected)
    throw std::runtime_error("argument " + std::to_string(k) + ": expected a typed array");
  return {static_cast<char*>(data), length * width};
}

static napi_value typedArray(Call& call, napi_typedarray_type type, const void* from, size_t count, size_t width) {
  napi_value buffer, array;
  void* data;
  napi_create_arraybuffer(call.env, count * width, &data, &buffer);
  std::memcpy(data, from, count * width);
  napi_create_typedarray(call.env, type, count, buffer, 0, &array);
  return array;
}

/** The sum over the ranks as an operation: so is its gradient, of a loss that is the sum of those of all ranks. */
struct RankSum : torch::autograd::Function<RankSum> {
  static Tensor over(const Tensor& x) {
    Tensor sum = x.detach().to(at::kCPU, at::kFloat, false, true).contiguous();
    Works work = sumOver(*running().numbers, sum);
    finishWork(*work);
    return sum.to(x.device());
  }
  static Tensor forward(torch::autograd::AutogradContext*, const Tensor& x) { return over(x); }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*, torch::autograd::variable_list dy) {
    return {over(dy[0])};
  }
};

static void defineStart() {
  // (rank, size, file, host, port, serves, prefix, seconds, address, interface, on a GPU): begins to meet the others
  defineFunction("startGroup", [](Call& call) -> napi_value {
    if (group || starting) throw std::runtime_error("this process has a process group already");
    Meeting at{static_cast<int>(call.integer(0)), static_cast<int>(call.integer(1)), call.text(2), call.text(3),
               static_cast<uint16_t>(call.integer(4)), call.flag(5), call.text(6),
               milliseconds(static_cast<int64_t>(call.number(7) * 1000)), call.text(8), call.text(9), call.flag(10)};
    auto start = starting = std::make_shared<Start>();
    setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0);  // a missing host name is no news
    c10::initLogging();
    std::thread([at, start] {
      try {
        start->made = meet(at);
      } catch (const c10::Error& error) {
        start->failure = error.what_without_backtrace();
      } catch (const std::exception& error) {
        start->failure = error.what();
      }
      start->ended = true;
    }).detach();
    return nullptr;
  });
  // gives up a start that is under way; a further one may then begin
  defineFunction("leaveStart", [](Call&) -> napi_value {
    // closing connections may wait: not this thread
    if (starting) std::thread([left = std::move(starting)] {}).detach();
    starting = nullptr;
    return nullptr;
  });
  // -> whether all have met
  defineFunction("groupStarted", [](Call& call) {
    if (starting && starting->ended) {
      auto start = std::move(starting);
      starting = nullptr;
      if (!start->made) throw std::runtime_error(start->failure);
      group = start->made.release();
    }
    return jsBoolean(call.env, group != nullptr);
  });
  // (whether all operations have ended): after a failure the connections stay until the process ends, since closing them waits
  defineFunction("stopGroup", [](Call& call) -> napi_value {
    pending.clear();
    Group* last = group;
    group = nullptr;
    if (last && call.flag(0)) delete last;
    return nullptr;
  });
  // (key, text): leaves a text for the other ranks
  defineFunction("leaveText", [](Call& call) -> napi_value {
    std::string text = call.text(1);
    running().store->set(call.text(0), std::vector<uint8_t>(text.begin(), text.end()));
    return nullptr;
  });
  // (key) -> the text, or undefined
  defineFunction("leftText", [](Call& call) -> napi_value {
    if (!running().store->check({call.text(0)})) return nullptr;
    auto bytes = running().store->get(call.text(0));
    return jsText(call.env, std::string(bytes.begin(), bytes.end()));
  });
}

static void defineExchange() {
  // (Float64Array) -> number of the operation: the sums over the ranks
  defineFunction("beginNumbers", [](Call& call) {
    auto [data, size] = bytesOf(call, 0, napi_float64_array, 8);
    Tensor flat = at::empty({static_cast<int64_t>(size / 8)}, at::kDouble);
    std::memcpy(flat.data_ptr(), data, size);
    return keep(call, {sumOver(*running().numbers, flat), {flat}});
  });
  // (operation) -> Float64Array
  defineFunction("takeNumbers", [](Call& call) {
    Tensor flat = take(call).tensors[0];
    return typedArray(call, napi_float64_array, flat.data_ptr(), flat.numel(), 8);
  });
  // (Uint8Array, the same length on all ranks) -> number of the operation: all ranks get those of all
  defineFunction("beginBytes", [](Call& call) {
    auto [data, size] = bytesOf(call, 0, napi_uint8_array, 1);
    Tensor own = at::empty({static_cast<int64_t>(size)}, at::kByte);
    std::memcpy(own.data_ptr(), data, size);
    std::vector<std::vector<Tensor>> outputs(1);
    for (int i = 0; i < running().size; i++) outputs[0].push_back(at::empty_like(own));
    std::vector<Tensor> inputs{own};
    Works work = running().numbers->allgather(outputs, inputs);
    return keep(call, {work, outputs[0]});
  });
  // (operation) -> [Uint8Array of each rank]
  defineFunction("takeBytes", [](Call& call) {
    Pending taken = take(call);
    napi_value list;
    napi_create_array_with_length(call.env, taken.tensors.size(), &list);
    for (size_t i = 0; i < taken.tensors.size(); i++) {
      const Tensor& t = taken.tensors[i];
      napi_set_element(call.env, list, i, typedArray(call, napi_uint8_array, t.data_ptr(), t.numel(), 1));
    }
    return list;
  });
  // (slots of one dtype) -> number of the operation: the values of rank 0
  defineFunction("beginBroadcast", [](Call& call) {
    at::NoGradGuard guard;
    std::vector<Tensor> parts, shapes = call.tensors(0);
    for (const Tensor& t : shapes) parts.push_back(t.detach().cpu().contiguous().view(-1));
    Tensor flat = at::cat(parts);
    std::vector<Tensor> tensors{flat};
    Works work = running().numbers->broadcast(tensors);
    shapes.insert(shapes.begin(), flat);
    return keep(call, {work, shapes});
  });
  // (operation) -> slots
  defineFunction("takeBroadcast", [](Call& call) {
    at::NoGradGuard guard;
    Pending taken = take(call);
    std::vector<Tensor> results;
    int64_t first = 0;
    for (size_t i = 1; i < taken.tensors.size(); i++) {
      const Tensor& t = taken.tensors[i];
      Tensor result = at::empty_like(t);
      result.copy_(taken.tensors[0].narrow(0, first, t.numel()).view(t.sizes()));
      results.push_back(result);
      first += t.numel();
    }
    return jsSlots(call.env, std::move(results));
  });
  // (operation, milliseconds) -> whether it has ended
  defineFunction("waitForRanks", [](Call& call) {
    auto found = pending.find(call.integer(0));
    if (found == pending.end()) throw std::runtime_error("this operation of the process group is not under way");
    return jsBoolean(call.env, endsWithin(*found->second.work, static_cast<int>(call.integer(1))));
  });
  defineKernel("rankSum", [](Call& call) { return RankSum::apply(call.tensor(0)); });
}

void defineProcessGroup() {
  defineStart();
  defineExchange();
}

}  // namespace detlab

#else

namespace detlab {

int groupSize() { return 0; }
at::Device reductionDevice(const at::Device& of) { return of; }
std::unique_ptr<Reduction> beginReduction(Tensor) { throw std::runtime_error("this build of libtorch has no c10d"); }
void finish(Reduction&) {}

void defineProcessGroup() {
  defineFunction("startGroup", [](Call&) -> napi_value {
    throw std::runtime_error("this build of libtorch has no c10d with Gloo: train in one process");
  });
}

}  // namespace detlab

#endif
