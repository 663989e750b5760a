#include <string>
#include "tasks.hpp"

using std::string;

namespace tasks {

constexpr int limit = 64;

template <typename T>
concept Shown = requires(T t) { t.shown(); };

using Index = std::map<int, string>;

/// One task.
class Task : public Base {
public:
    explicit Task(string title) : title_(std::move(title)) {}
    ~Task() = default;

    const string& title() const { return title_; }
    string shown() const;
    bool operator<(const Task& other) const {
        return due_ < other.due_;
    }

private:
    string title_;
    int due_ = 0;
};

enum class State { open, done };

string Task::shown() const {
    return R"(hello ()" + title_;
}

template <class T>
T& first(std::vector<T>& items) {
    for (auto& item : items) {
        if (item.due() < limit) {
            return item;
        }
    }
    auto late = [&](const T& item) {
        return item.due() > limit;
    };
    throw late;
}

}  // namespace tasks

int main() {
    tasks::Task task("(");
    return 0;
}
