--- The component `byok` for lualine: model, state, today's cost, the budget. Only lualine loads this file.

local Component = require('lualine.component'):extend()

function Component:update_status()
  return require('byok').statusline()
end

return Component
