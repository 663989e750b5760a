--- `:checkhealth byok`: whether everything is there, what runs, and what to do about what does not.

local client = require('byok.client')
local config = require('byok.config')
local status = require('byok.status')

local M = {}

local health = vim.health

local function check_neovim()
  health.start('Neovim')
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.12') == 1 then
    health.ok('version ' .. version)
  else
    health.error('version ' .. version .. ' has no inline completion', 'install Neovim 0.12 or newer')
  end
  if require('byok').is_set_up then
    health.ok('setup() was called')
  else
    health.error('setup() was not called', 'put require("byok").setup() into your init.lua')
  end
end

local function check_program()
  health.start('byok-lsp')
  local program = config.current.cmd[1]
  local path = vim.fn.exepath(program)
  if path == '' then
    health.error(('"%s" was not found'):format(program), {
      'put byok-lsp on the PATH that Neovim sees',
      'or name it: require("byok").setup({ cmd = { "/path/to/byok-lsp", "serve" } })',
    })
    return
  end
  local started, run = pcall(vim.system, { path, '--version' }, { text = true })
  local result = started and run:wait(2000)
  if result and result.code == 0 then
    health.ok(('%s (%s)'):format(path, vim.trim(result.stdout)))
  else
    health.warn(path .. ' did not tell its version within 2 s')
  end
  health.info(('"%s doctor" in a terminal says which providers and keys it found'):format(program))
end

--- The model and who pays for it: as the server last said, else as it answers now.
---@param running vim.lsp.Client
---@param state byok.State
---@return string? model
---@return string? payer
local function current_model(running, state)
  local said = state.status or {}
  if said.model then
    return said.model, said.payer
  end
  local reply = running:request_sync('byok/models', vim.empty_dict(), 1000)
  local result = reply and reply.result
  for _, model in ipairs(result and result.models or {}) do
    if model.id == result.current then
      return model.id, model.payer
    end
  end
  return result and result.current
end

local function check_server()
  health.start('Server')
  local running = client.any()
  if not running then
    health.warn('not running', 'open a file whose filetype Neovim knows; errors are in ' .. vim.lsp.log.get_filename())
    return
  end
  local buffers = vim.tbl_count(running.attached_buffers)
  health.ok(('attached to %d buffer%s'):format(buffers, buffers == 1 and '' or 's'))
  if not running:supports_method('textDocument/inlineCompletion') then
    health.error('the server offers no inline completion', 'install a newer byok-lsp')
  end
  local state = status.get() or {}
  local model, payer = current_model(running, state)
  if model then
    health.ok(('model %s, paid by %s'):format(model, payer or 'not known'))
  else
    health.warn('the server has not named its model')
  end
  health.info('today: ' .. status.sum(state.usage and state.usage.totals and state.usage.totals.day))
  if state.last_error then
    health.warn('last error: ' .. state.last_error)
  else
    health.ok('no error so far')
  end
end

--- Called by `:checkhealth byok`.
function M.check()
  check_neovim()
  check_program()
  check_server()
end

return M
