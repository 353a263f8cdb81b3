#include "prepared_filters.h"

#include "winograd.h"

namespace detlab {

namespace {

struct Entry {
  c10::TensorImpl* source;
  std::vector<float> scale;
  FilterForms forms;
};

std::unordered_map<int64_t, Entry>& entries = *new std::unordered_map<int64_t, Entry>;

bool same(const FilterUse& a, const FilterUse& b) {
  return a.type == b.type && a.padding == b.padding && a.strides == b.strides && a.dilations == b.dilations &&
         a.groups == b.groups;
}

}  // namespace

const Tensor& FilterForms::plainForm() {
  if (!plain.defined()) plain = fold();
  return plain;
}

const Tensor& FilterForms::packedForm(at::IntArrayRef inputSize) {
  using Reorder = Tensor(const Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t,
                         at::OptionalIntArrayRef);
  static auto reorder =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_reorder_convolution_weight", "").typed<Reorder>();
  if (!packed.defined())
    packed = reorder.call(plainForm(), use.padding, use.strides, use.dilations, use.groups, inputSize);
  return packed;
}

const Tensor& FilterForms::pointsForm() {
  if (!points.defined()) points = winogradFilter(plainForm(), false);
  return points;
}

FilterForms* cachedForms(int64_t slot, const Tensor& filter, const Tensor& scale, const FilterUse& use,
                         const std::function<Tensor()>& fold) {
  std::vector<float> factors;  // compared by value: evaluation may recompute an equal scale at each call
  if (scale.defined()) {
    Tensor flat = scale.contiguous();
    factors.assign(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  }
  auto entry = entries.find(slot);
  bool valid = entry != entries.end() && entry->second.source == filter.unsafeGetTensorImpl() &&
               entry->second.scale == factors && same(entry->second.forms.use, use);
  if (!valid) {
    entries[slot] = {filter.unsafeGetTensorImpl(), std::move(factors), {{}, use, {}, {}, {}}};
    return nullptr;
  }
  FilterForms& forms = entry->second.forms;
  forms.fold = fold;
  // without gradients the plain form is not used once another form exists
  if (!at::GradMode::is_enabled() && (forms.packed.defined() || forms.points.defined())) forms.plain = Tensor();
  return &forms;
}

void forgetPrepared(int64_t slot) {
  if (!entries.empty()) entries.erase(slot);
}

}  // namespace detlab
