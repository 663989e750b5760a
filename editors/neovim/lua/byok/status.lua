--- What the server last said about itself and its calls, and how that reads in the status line.

local client = require('byok.client')

local M = {}

---@class byok.Money
---@field nanos integer 10^-9 of the currency's unit.
---@field currency string

---@class byok.Status
---@field state 'idle'|'busy'|'paused'|'error'
---@field model? string
---@field payer? string
---@field message? string
---@field fix? byok.Fix What one key could do about it.

---@class byok.State
---@field status? byok.Status
---@field usage? table The last `byok/usage`.
---@field last_error? string
---@field fix? byok.Fix What the server advised last.
---@field budget? table The last `byok/budget`.

---@type table<integer, byok.State> By client.
local states = {}

---@type table<string, true> The errors that the user has been told.
local told = {}

---@param id integer
---@return byok.State
local function state_of(id)
  states[id] = states[id] or {}
  return states[id]
end

--- JSON's null reaches Lua as a value of its own that counts as true.
---@generic T
---@param value T
---@return T?
local function present(value)
  if value ~= vim.NIL then
    return value
  end
end

---@param event string
---@param data table
local function announce(event, data)
  vim.api.nvim_exec_autocmds('User', { pattern = event, modeline = false, data = data })
  vim.cmd.redrawstatus({ bang = true })
end

--- Tells the user something once in a session, however often it happens.
---@param message string
---@param level? integer
function M.tell_once(message, level)
  if not told[message] then
    told[message] = true
    vim.schedule(function() vim.notify('byok: ' .. message, level or vim.log.levels.ERROR) end)
  end
end

--- The server's own notifications, for `vim.lsp.config`.
---@type table<string, function>
M.handlers = {
  ['byok/usage'] = function(_, usage, ctx)
    state_of(ctx.client_id).usage = usage
    announce('ByokUsage', usage)
  end,
  ['byok/status'] = function(_, status, ctx)
    local state = state_of(ctx.client_id)
    state.status = vim.tbl_map(present, status)
    if status.state == 'error' then
      state.last_error = present(status.message) or 'the last call failed'
      state.fix = present(status.fix)
    end
    announce('ByokStatus', status)
  end,
  ['byok/budget'] = function(_, budget, ctx)
    state_of(ctx.client_id).budget = budget
    announce('ByokBudget', budget)
  end,
  -- The server says each thing once.
  ['byok/advice'] = function(_, advice, ctx)
    local fix = present(advice.fix)
    state_of(ctx.client_id).fix = fix
    local way = fix and ('\n:Byok fix - %s'):format(fix.title) or ''
    local level = advice.kind == 'hint' and vim.log.levels.INFO or vim.log.levels.WARN
    vim.schedule(function() vim.notify('byok: ' .. advice.message .. way, level) end)
    announce('ByokAdvice', advice)
  end,
  ['byok/preview'] = function(_, preview, ctx)
    vim.schedule(function() require('byok.preview').show(preview, ctx.client_id) end)
  end,
}

--- Returns what is known about a buffer's server, or about any if the buffer has none.
---@param buf? integer
---@return byok.State?
function M.get(buf)
  local found = client.of(buf) or (buf == nil and client.any() or nil)
  return found and state_of(found.id)
end

local SYMBOLS = { USD = '$', EUR = '€', GBP = '£' }

--- Writes an amount for people: two decimals, or as many as its first two digits need.
---@param money byok.Money?
---@return string
function M.money(money)
  local nanos = money and present(money.nanos) or 0
  local currency = money and present(money.currency) or 'USD'
  local units = nanos / 1e9
  local decimals = 2
  while nanos ~= 0 and decimals < 9 and math.abs(units) * 10 ^ decimals < 10 do
    decimals = decimals + 1
  end
  local number = ('%.' .. decimals .. 'f'):format(units)
  local symbol = SYMBOLS[currency]
  return symbol and symbol .. number or number .. ' ' .. currency
end

--- Writes one call's cost, and how it is known unless the provider's own figures say so.
---@param cost table?
---@return string
function M.cost(cost)
  if not present(cost) or not present(cost.nanos) or cost.source == 'unknown' then
    return 'cost unknown'
  end
  return cost.source == 'estimated' and 'about ' .. M.money(cost) or M.money(cost)
end

--- Writes a sum; a plus marks one that lacks calls whose cost is not known.
---@param sum table?
---@return string
function M.sum(sum)
  local lacking = present(sum) and (present(sum.unpriced) or 0) > 0
  return M.money(present(sum)) .. (lacking and '+' or '')
end

--- The cap that calls meet first.
---@param state byok.State?
---@return table?
local function first_cap(state)
  local caps = state and state.budget and present(state.budget.caps) or {}
  return caps[1]
end

--- Writes how much of the first cap is spent: `61% of day`. Empty where there is none.
---@param state byok.State?
---@return string text
---@return string? word How it stands, where there is no room any more.
function M.budget(state)
  local cap = first_cap(state)
  if not cap or cap.cap <= 0 then
    return ''
  end
  local word = state.budget.state
  local percent = math.floor(100 * (cap.spent + (cap.reserved or 0)) / cap.cap)
  return (' (%d%% of %s)'):format(percent, cap.per), word ~= 'ok' and word or nil
end

--- Writes each cap in a line.
---@param state byok.State?
---@return string[]
function M.caps(state)
  return vim.tbl_map(function(cap)
    local money = function(nanos) return M.money({ nanos = nanos, currency = cap.currency }) end
    local reserved = (cap.reserved or 0) > 0 and (', %s reserved'):format(money(cap.reserved)) or ''
    return ('%-8s %s of %s%s (%s)'):format(cap.per, money(cap.spent), money(cap.cap), reserved, cap.state)
  end, state and state.budget and present(state.budget.caps) or {})
end

local MARKS = { busy = ' …', paused = ' paused', error = ' error' }
local GROUPS = { busy = 'ByokBusy', paused = 'ByokPaused', error = 'ByokError' }

---@class byok.StatuslineOpts
---@field colours? boolean Adds highlight groups; only for a status line item that is evaluated again, `%{%…%}`.
---@field buf? integer

--- Returns the status line's text: model, state, today's cost. Empty where the server is not attached.
---@param opts? byok.StatuslineOpts
---@return string
function M.line(opts)
  opts = opts or {}
  local win = vim.g.statusline_winid
  local buf = opts.buf or (win and vim.api.nvim_win_is_valid(win) and vim.api.nvim_win_get_buf(win)) or 0
  local state = M.get(buf)
  if not state then
    return ''
  end
  local status, usage = state.status or {}, state.usage or {}
  local name = status.model or present(usage.provider) and present(usage.model) and usage.provider .. '/' .. usage.model
  local totals = present(usage.totals) or {}
  local parts = {
    { name or 'byok', 'ByokModel' },
    { MARKS[status.state] or '', GROUPS[status.state] or 'ByokModel' },
    { ' ' .. M.sum(totals.day) .. ' today', 'ByokCost' },
  }
  local budget, full = M.budget(state)
  table.insert(parts, { budget, full and 'ByokPaused' or 'ByokCost' })
  return vim.iter(parts):fold('', function(text, part)
    if part[1] == '' or not opts.colours then
      return text .. part[1]
    end
    return ('%s%%#%s#%s%%*'):format(text, part[2], (part[1]:gsub('%%', '%%%%')))
  end)
end

return M
