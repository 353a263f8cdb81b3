// Gradients summed over the ranks while the backward pass runs: buckets of about 25 MB in the reverse order of the parameters,
// in which a backward pass ends with them. A bucket is one flat float32 tensor, whose sum begins when all of its gradients are
// there and those of the buckets before it have begun, so that all ranks begin in one order. At its end are flags: 1 for each
// gradient that this rank has, so that a parameter that no rank has used stays without one.
#include "gradient_buckets.h"

#include "call.h"
#include "definitions.h"
#include "process_group.h"

namespace detlab {

struct Member {
  size_t input;
  int64_t first, count;
};

struct Bucket {
  std::vector<Member> members;
  int64_t count = 0;
  Tensor flat;
  size_t missing = 0;
  std::unique_ptr<Reduction> sum;
};

struct Buckets {
  std::vector<Bucket> all;
  std::vector<size_t> bucketOf, memberOf;  // by input
  std::vector<Tensor> inputs;
  size_t begun = 0;
};

static bool requested = false;
static int64_t bucketBytes = 0;
static std::unique_ptr<Buckets>& buckets = *new std::unique_ptr<Buckets>;

static std::unique_ptr<Buckets> planned(const std::vector<Tensor>& inputs) {
  auto plan = std::make_unique<Buckets>();
  plan->inputs = inputs;
  plan->bucketOf.resize(inputs.size());
  plan->memberOf.resize(inputs.size());
  for (size_t i = inputs.size(); i-- > 0;) {
    int64_t count = inputs[i].numel();
    if (plan->all.empty() || (plan->all.back().count + count) * 4 > bucketBytes) plan->all.emplace_back();
    Bucket& bucket = plan->all.back();
    plan->bucketOf[i] = plan->all.size() - 1;
    plan->memberOf[i] = bucket.members.size();
    bucket.members.push_back({i, bucket.count, count});
    bucket.count += count;
  }
  for (Bucket& bucket : plan->all) bucket.missing = bucket.members.size();
  return plan;
}

static Tensor flagsOf(Bucket& bucket) { return bucket.flat.narrow(0, bucket.count, bucket.members.size()); }

static void begin(Bucket& bucket, const Tensor& like) {
  if (bucket.flat.defined()) return;
  auto options = at::TensorOptions().dtype(at::kFloat).device(reductionDevice(like.device()));
  bucket.flat = at::empty({bucket.count + static_cast<int64_t>(bucket.members.size())}, options);
  flagsOf(bucket).zero_();
}

/** The place of a member in its bucket, in the shape of its parameter. */
static Tensor placeOf(const Buckets& plan, const Bucket& bucket, const Member& member) {
  return bucket.flat.narrow(0, member.first, member.count).view(plan.inputs[member.input].sizes());
}

static void put(Buckets& plan, size_t input, const Tensor& gradient) {
  at::NoGradGuard guard;
  Bucket& bucket = plan.all[plan.bucketOf[input]];
  begin(bucket, plan.inputs[input]);
  const Member& member = bucket.members[plan.memberOf[input]];
  placeOf(plan, bucket, member).copy_(gradient);
  flagsOf(bucket)[plan.memberOf[input]].fill_(1.0f);
  bucket.missing--;
  while (plan.begun < plan.all.size() && plan.all[plan.begun].missing == 0) {
    Bucket& next = plan.all[plan.begun++];
    next.sum = beginReduction(next.flat);
  }
}

bool watchGradients(const std::vector<Tensor>& inputs) {
  if (!requested) return false;
  requested = false;
  buckets = planned(inputs);
  Buckets* plan = buckets.get();
  for (size_t i = 0; i < inputs.size(); i++) {
    if (!inputs[i].requires_grad() || !inputs[i].is_leaf()) continue;
    inputs[i].register_hook([plan, i](const Tensor& gradient) {
      // a hook that outlives its pass: of a leaf that a later pass does not sum
      if (buckets.get() == plan && plan->begun <= plan->bucketOf[i]) put(*plan, i, gradient);
    });
  }
  return true;
}

void placeGradients(std::vector<Tensor>& gradients) {
  at::NoGradGuard guard;
  Buckets& plan = *buckets;
  for (; plan.begun < plan.all.size(); plan.begun++) {
    Bucket& bucket = plan.all[plan.begun];
    begin(bucket, plan.inputs[bucket.members[0].input]);
    for (size_t m = 0; m < bucket.members.size(); m++)
      if (flagsOf(bucket)[m].item<float>() == 0) placeOf(plan, bucket, bucket.members[m]).zero_();
    bucket.sum = beginReduction(bucket.flat);
  }
  for (Bucket& bucket : plan.all)
    for (const Member& member : bucket.members) gradients[member.input] = placeOf(plan, bucket, member);
}

static napi_value takeGradients(Call& call) {
  if (!buckets) throw std::runtime_error("no gradients are being summed");
  at::NoGradGuard guard;
  auto plan = std::move(buckets);
  std::vector<Tensor> gradients(plan->inputs.size());
  double share = 1.0 / groupSize();
  for (Bucket& bucket : plan->all) {
    finish(*bucket.sum);
    bucket.flat.narrow(0, 0, bucket.count).mul_(share);
    Tensor used = flagsOf(bucket).cpu();
    const float* flags = used.data_ptr<float>();
    for (size_t m = 0; m < bucket.members.size(); m++) {
      if (flags[m] == 0) continue;
      const Member& member = bucket.members[m];
      gradients[member.input] = placeOf(*plan, bucket, member).to(plan->inputs[member.input].device());
    }
  }
  return jsSlots(call.env, std::move(gradients));
}

void defineGradientBuckets() {
  // (threads) -> threads before: several ranks share the processors of a machine
  defineFunction("engineThreads", [](Call& call) {
    int before = at::get_num_threads();
    at::set_num_threads(static_cast<int>(call.integer(0)));
    return jsInteger(call.env, before);
  });
  // (bytes of a bucket): the next backward pass sums its gradients over the ranks
  defineFunction("reduceNextBackward", [](Call& call) -> napi_value {
    bucketBytes = call.integer(0);
    requested = bucketBytes > 0;
    if (!requested) buckets.reset();
    return nullptr;
  });
  // (gradient slots, bytes of a bucket): begins the sums of gradients that are there, -1 where this rank has none; the shapes are
  // those of the tensors in the third argument
  defineFunction("beginGradients", [](Call& call) -> napi_value {
    at::NoGradGuard guard;
    Ints slots = call.integers(0);
    bucketBytes = call.integer(1);
    buckets = planned(call.tensors(2));
    for (size_t i = slots.size(); i-- > 0;)
      if (slots[i] >= 0) put(*buckets, i, slotAt(slots[i]));
    std::vector<Tensor> places(slots.size());
    placeGradients(places);
    return nullptr;
  });
  // (milliseconds) -> whether all sums have ended
  defineFunction("waitForGradients", [](Call& call) {
    if (buckets)
      for (Bucket& bucket : buckets->all)
        if (!bucket.sum->wait(static_cast<int>(call.integer(0)))) return jsBoolean(call.env, false);
    return jsBoolean(call.env, true);
  });
  // -> slots of the mean gradients, -1 where no rank has one
  defineFunction("takeGradients", takeGradients);
}

}  // namespace detlab
