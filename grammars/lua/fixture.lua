local json = require("json")
local store = require "store"
require("side.effect")

local LIMIT = 64

local Task = {}
Task.__index = Task

--- Makes a task.
function Task.new(title, due)
  local self = { title = title, due = due or 0 }
  return setmetatable(self, Task)
end

function Task:late()
  local limit = LIMIT
  return self.due > limit
end

--[[ The first
     that is not late. ]]
local function first(tasks)
  for _, task in ipairs(tasks) do
    if not task:late() then
      return task
    end
  end
end

local handlers = {
  open = function(task)
    print(task.title, [[ ( ]])
  end,
}

local each = function(tasks, f)
  while #tasks > 0 do
    f(table.remove(tasks))
  end
end

return { Task = Task, first = first, each = each }
