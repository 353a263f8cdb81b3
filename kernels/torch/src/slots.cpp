#include "slots.h"

#include "prepared_filters.h"

namespace detlab {

// Leaked deliberately: tensors must not be destroyed while the process unloads its libraries.
static std::vector<Tensor>& table = *new std::vector<Tensor>;
static std::vector<int32_t>& freeIds = *new std::vector<int32_t>;
static std::vector<int32_t>& withHistory = *new std::vector<int32_t>;
static int32_t live = 0;
static int32_t* shapeArray = nullptr;
static size_t shapeCapacity = 0;

void setShapeArray(int32_t* array, size_t length) {
  shapeArray = array;
  shapeCapacity = length;
}

void writeShape(const Tensor& tensor) {
  auto sizes = tensor.sizes();
  if (sizes.size() + 1 > shapeCapacity)
    throw std::runtime_error("rank " + std::to_string(sizes.size()) + " exceeds the maximum, " +
                             std::to_string(shapeCapacity - 1));
  shapeArray[0] = static_cast<int32_t>(sizes.size());
  for (size_t i = 0; i < sizes.size(); i++) shapeArray[i + 1] = static_cast<int32_t>(sizes[i]);
}

int32_t putSlot(Tensor tensor) {
  if (!tensor.defined()) throw std::runtime_error("the kernel returned no tensor");
  writeShape(tensor);
  bool history = at::GradMode::is_enabled() && tensor.requires_grad();
  int32_t id;
  if (freeIds.empty()) {
    id = static_cast<int32_t>(table.size());
    table.push_back(std::move(tensor));
  } else {
    id = freeIds.back();
    freeIds.pop_back();
    table[id] = std::move(tensor);
  }
  live++;
  if (history) withHistory.push_back(id);
  return id;
}

Tensor& slotAt(int64_t id) {
  if (id < 0 || id >= static_cast<int64_t>(table.size()) || !table[id].defined())
    throw std::runtime_error("a tensor was used after it was disposed (slot " + std::to_string(id) + ")");
  return table[id];
}

Tensor& exclusiveSlot(int64_t id) {
  Tensor& tensor = slotAt(id);
  forgetPrepared(id);
  if (tensor.storage().use_count() > 1 || !tensor.is_non_overlapping_and_dense()) tensor = tensor.clone();
  return tensor;
}

void freeSlot(int64_t id) {
  slotAt(id) = Tensor();
  forgetPrepared(id);
  freeIds.push_back(static_cast<int32_t>(id));
  live--;
}

Tensor takeSlot(int64_t id) {
  Tensor tensor = slotAt(id);
  freeSlot(id);
  return tensor;
}

int32_t liveSlots() { return live; }

int32_t detachSlots() {
  int32_t count = 0;
  for (int32_t id : withHistory) {
    Tensor& tensor = table[id];
    if (tensor.defined() && tensor.requires_grad()) {
      tensor = tensor.detach();
      count++;
    }
  }
  withHistory.clear();
  return count;
}

}  // namespace detlab
