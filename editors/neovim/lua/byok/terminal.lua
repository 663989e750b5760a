--- What is typed in a terminal and never passes through the editor's protocol: keys, and signing in.
---
--- A key goes from the keyboard to the program's own hidden prompt. It is in no buffer, no register, no message and no log.

local config = require('byok.config')

local M = {}

--- Runs the program's own command in a terminal below; it closes when the command has ended well.
---@param arguments string[]
---@param done? fun() Called when it has ended well.
function M.run(arguments, done)
  local program = config.current.cmd[1]
  vim.cmd('botright 10new')
  local buf = vim.api.nvim_get_current_buf()
  vim.bo[buf].bufhidden = 'wipe'
  vim.fn.jobstart(vim.list_extend({ program }, arguments), {
    term = true,
    on_exit = function(_, code)
      if code ~= 0 then
        return -- What went wrong stays readable.
      end
      if vim.api.nvim_buf_is_valid(buf) then
        vim.api.nvim_buf_delete(buf, { force = true })
      end
      if done then
        done()
      end
    end,
  })
  vim.cmd.startinsert()
end

--- Asks for a provider's key, in a terminal.
---@param provider string
function M.set_key(provider)
  M.run({ 'key', 'set', provider }, function()
    vim.notify(('byok: the key for %s is stored; :Byok model chooses one of its models'):format(provider))
  end)
end

--- Signs in at a provider, in a terminal and a browser.
---@param provider string
function M.login(provider)
  M.run({ 'login', provider }, function() vim.notify('byok: signed in at ' .. provider) end)
end

return M
