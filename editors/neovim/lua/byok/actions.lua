--- Code actions: the menu, and what the user is asked before one runs.
---
--- The server's commands do the work; this module hands them every diagnostic of the lines, which Neovim by itself sends only to the server
--- that reported them, and asks for an instruction where an action needs one.

local client = require('byok.client')

local M = {}

local COMMAND = 'byok.action'

---@param running vim.lsp.Client
---@param arguments table[]
local function send(running, arguments)
  -- Whatever is to be told, the server tells by itself; an error is only the request's own end.
  running:request('workspace/executeCommand', { command = COMMAND, arguments = arguments }, function() end)
end

--- Runs an action that was chosen in a menu; asks for an instruction first if it needs one.
---@param command lsp.Command
---@param context { client_id: integer }
function M.run(command, context)
  local running = vim.lsp.get_client_by_id(context.client_id)
  if not running then
    return
  end
  local arguments = vim.deepcopy(command.arguments or {})
  local argument = arguments[1]
  if type(argument) ~= 'table' or not argument.needsInstruction then
    return send(running, arguments)
  end
  vim.ui.input({ prompt = (argument.question or 'What should change?') .. ' ' }, function(instruction)
    if instruction and vim.trim(instruction) ~= '' then
      argument.instruction = instruction
      send(running, arguments)
    end
  end)
end

--- Returns the diagnostics of some lines, counted from 0, as the protocol has them.
---@param first integer
---@param last integer
---@return lsp.Diagnostic[]
local function diagnostics(first, last)
  local all = vim.diagnostic.get(0)
  return vim.lsp.diagnostic.from(vim.tbl_filter(function(it)
    return it.lnum <= last and (it.end_lnum or it.lnum) >= first
  end, all))
end

---@class byok.Range
---@field first integer The first line, counted from 1.
---@field last integer

--- Opens the menu of the server's actions for the cursor or for some lines; with a name, runs the action of that name.
---@param name? string
---@param range? byok.Range
---@return boolean shown False when no server runs.
function M.menu(name, range)
  if not client.of(0) then
    return false
  end
  local cursor = vim.api.nvim_win_get_cursor(0)[1]
  local first, last = range and range.first or cursor, range and range.last or cursor
  vim.lsp.buf.code_action({
    context = { diagnostics = diagnostics(first - 1, last - 1), triggerKind = vim.lsp.protocol.CodeActionTriggerKind.Invoked },
    range = range and { start = { first, 0 }, ['end'] = { last, #vim.fn.getline(last) } } or nil,
    apply = name ~= nil,
    filter = function(action)
      local command = type(action.command) == 'table' and action.command or action
      local argument = (command.arguments or {})[1]
      local is_ours = command.command == COMMAND
      return is_ours and (name == nil or (type(argument) == 'table' and argument.action == name))
    end,
  })
  return true
end

--- Takes back whatever runs.
---@return boolean sent
function M.cancel()
  local running = client.any()
  if not running then
    return false
  end
  for token in pairs(running.progress.pending) do
    running:notify('window/workDoneProgress/cancel', { token = token })
  end
  return true
end

M.NAMES = {
  'commit-message',
  'document',
  'explain',
  'explain-problem',
  'fix',
  'fix-all',
  'implement',
  'optimise',
  'rename',
  'review',
  'review-changes',
  'rewrite',
  'simplify',
  'translate',
  'translate-comments',
  'types',
}
M.handlers = { [COMMAND] = M.run }

return M
