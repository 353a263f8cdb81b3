#include "prepared_filters.h"

namespace detlab {

namespace {

struct Entry {
  c10::TensorImpl* source;
  std::vector<float> scale;
  FilterUse use;
  PreparedFilter filter;
};

std::unordered_map<int64_t, Entry>& entries = *new std::unordered_map<int64_t, Entry>;

bool same(const FilterUse& a, const FilterUse& b) {
  return a.type == b.type && a.padding == b.padding && a.strides == b.strides && a.dilations == b.dilations &&
         a.groups == b.groups;
}

Tensor pack(const Tensor& folded, const FilterUse& use, at::IntArrayRef inputSize) {
  using Reorder = Tensor(const Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t,
                         at::OptionalIntArrayRef);
  static auto reorder =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_reorder_convolution_weight", "").typed<Reorder>();
  return reorder.call(folded, use.padding, use.strides, use.dilations, use.groups, inputSize);
}

}  // namespace

const PreparedFilter* preparedFilter(int64_t slot, const Tensor& filter, const Tensor& scale, const FilterUse& use,
                                     at::IntArrayRef inputSize, const std::function<Tensor()>& fold) {
  std::vector<float> factors;  // compared by value: evaluation may compute an equal scale anew at each call
  if (scale.defined()) {
    Tensor flat = scale.contiguous();
    factors.assign(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  }
  auto found = entries.find(slot);
  bool known = found != entries.end() && found->second.source == filter.unsafeGetTensorImpl() &&
               found->second.scale == factors && same(found->second.use, use);
  if (!known) {
    entries[slot] = {filter.unsafeGetTensorImpl(), std::move(factors), use, {}};
    return nullptr;
  }
  PreparedFilter& prepared = found->second.filter;
  if (!prepared.packed.defined()) {
    prepared.folded = fold();
    prepared.packed = pack(prepared.folded, use, inputSize);
    // without a fold or cast the plain form is the variable's own memory; otherwise keep it only for training
    if (!at::GradMode::is_enabled()) prepared.folded = Tensor();
  }
  if (at::GradMode::is_enabled() && !prepared.folded.defined()) prepared.folded = fold();
  return &prepared;
}

void forgetPrepared(int64_t slot) {
  if (!entries.empty()) entries.erase(slot);
}

}  // namespace detlab
