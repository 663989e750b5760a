--- What to do about a trouble: the server names a command; some of them this plugin does better than the server could.

local client = require('byok.client')

local M = {}

---@class byok.Fix
---@field title string
---@field command string
---@field arguments any[]

--- Asks which provider, then for its key.
---@param provider? string
function M.set_key(provider)
  local terminal = require('byok.terminal')
  if provider and provider ~= '' then
    return terminal.set_key(provider)
  end
  vim.ui.input({ prompt = 'Provider (such as openai, anthropic, openrouter): ' }, function(name)
    name = vim.trim(name or '')
    if name:find('^[%w._-]+$') then
      terminal.set_key(name)
    elseif name ~= '' then
      vim.notify('byok: this is no name of a provider; a key is asked for afterwards, in a terminal', vim.log.levels.ERROR)
    end
  end)
end

--- The commands that Neovim runs here in place of the server.
M.handlers = {
  ['byok.setKey'] = function(command) M.set_key((command.arguments or {})[1]) end,
}

--- Does what the server advised last.
---@param fix byok.Fix
function M.run(fix)
  local running = client.any()
  if not running then
    return
  end
  if fix.command == 'byok.setModel' and #(fix.arguments or {}) == 0 then
    return require('byok.commands').run({ 'model' })
  end
  running:exec_cmd(fix, { bufnr = 0 }, function() end)
end

return M
