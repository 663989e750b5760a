--- The connection to the server: which buffers it attaches to, how it is started, asked and started anew.
---
--- Neovim's own `vim.lsp` does the work; this module only describes the server to it.

local config = require('byok.config')

local M = {}

M.NAME = 'byok'

--- What the server needs no attachment for: unnamed and generated buffers have no file that it could learn from.
---@param buf integer
---@return boolean
local function is_real_file(buf)
  local name = vim.api.nvim_buf_get_name(buf)
  return vim.bo[buf].buftype == ''
    and name ~= ''
    and not name:find('^%a[%w+.-]+://')
    and not vim.list_contains(config.current.exclude_filetypes, vim.bo[buf].filetype)
end

--- Marks every empty table as an object: it has no shape of its own, and JSON would make a list of it.
---@param settings table
---@return table
local function as_object(settings)
  if next(settings) == nil then
    return vim.empty_dict()
  end
  return vim.tbl_map(function(value) return type(value) == 'table' and as_object(value) or value end, settings)
end

--- Tells the server, if one runs, that the settings have changed.
local function send_settings()
  for _, client in ipairs(M.all()) do
    client.settings = { byok = as_object(config.current.settings) }
    client:notify('workspace/didChangeConfiguration', { settings = client.settings })
  end
end

--- Describes the server to Neovim and lets it attach to every matching buffer, those already open included.
---@param handlers table<string, function> What to do with the server's own notifications.
---@return boolean started False when the program is not there.
function M.enable(handlers)
  local options = config.current
  if vim.fn.executable(options.cmd[1]) == 0 then
    return false
  end
  local was_enabled = vim.lsp.is_enabled(M.NAME)
  vim.lsp.config(M.NAME, {
    cmd = options.cmd,
    filetypes = options.filetypes,
    root_dir = function(buf, start)
      if is_real_file(buf) then
        start(vim.fs.root(buf, config.current.root_markers))
      end
    end,
    init_options = as_object(options.settings),
    settings = { byok = as_object(options.settings) },
    handlers = handlers,
    commands = vim.tbl_extend('error', require('byok.actions').handlers, require('byok.fixes').handlers),
    -- An edit of the server's must meet the text that the server knows: Neovim tells an outdated one only by changes that it has sent.
    flags = { debounce_text_changes = 0 },
    capabilities = {
      experimental = {
        byok = {
          -- An action that needs an instruction is offered, since this plugin asks for one.
          instruction = true,
          -- What the server has to say unasked comes as a message of its own, which this plugin shows without stopping anybody who types.
          advice = true,
          preview = options.preview,
        },
      },
    },
  })
  vim.lsp.enable(M.NAME)
  if was_enabled then
    send_settings()
  end
  return true
end

--- Returns every running client of this server.
---@return vim.lsp.Client[]
function M.all()
  return vim.lsp.get_clients({ name = M.NAME })
end

--- Returns the client attached to a buffer.
---@param buf? integer
---@return vim.lsp.Client?
function M.of(buf)
  return vim.lsp.get_clients({ name = M.NAME, bufnr = buf or 0 })[1]
end

--- Returns the current buffer's client, or else any that runs.
---@return vim.lsp.Client?
function M.any()
  return M.of(0) or M.all()[1]
end

--- Sends a request and hands the result, or nothing and the error's message, to `reply`.
---@param method string
---@param params table?
---@param reply fun(result: any, err: string?)
---@return boolean sent False when no server runs.
function M.request(method, params, reply)
  local client = M.any()
  if not client then
    return false
  end
  return client:request(method, params or vim.empty_dict(), function(err, result)
    reply(result, err and err.message)
  end)
end

--- Tells whether the server announces a command.
---@param command string
---@return boolean
function M.offers(command)
  local running = M.any()
  local provider = running and running.server_capabilities.executeCommandProvider or {}
  return vim.list_contains(provider.commands or {}, command)
end

--- Runs one of the server's commands.
---@param command string
---@param reply fun(result: any, err: string?)
---@param argument any?
---@return boolean sent
function M.execute(command, reply, argument)
  return M.request('workspace/executeCommand', { command = command, arguments = { argument } }, reply)
end

--- Stops the server and starts it again for all buffers it was attached to.
function M.restart()
  local clients = M.all()
  for _, client in ipairs(clients) do
    client:stop(1000)
  end
  local timer = assert(vim.uv.new_timer())
  timer:start(0, 20, vim.schedule_wrap(function()
    if timer:is_closing() then
      return
    end
    for _, client in ipairs(clients) do
      if not client:is_stopped() then
        return
      end
    end
    timer:close()
    vim.lsp.enable(M.NAME)
  end))
end

return M
