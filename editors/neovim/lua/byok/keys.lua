--- The insert mode keys, set per buffer; each one gives way to what it did before when there is no ghost text.

local config = require('byok.config')
local ghost = require('byok.ghost')

local M = {}

---@type table<integer, table<string, table>> By buffer and key: the buffer's own mapping that ours stands before.
local earlier = {}

---@param keys string
---@param remap boolean
local function feed(keys, remap)
  vim.api.nvim_feedkeys(keys, remap and 'mi' or 'ni', false)
end

--- The mapping that would run if ours were not there.
---@param buf integer
---@param lhs string
---@return table?
local function mapping_behind(buf, lhs)
  local own = earlier[buf] and earlier[buf][lhs]
  if own then
    return own
  end
  local raw = vim.api.nvim_replace_termcodes(lhs, true, true, true)
  local ours = vim.fn.maparg(lhs, 'i', false, true)
  for _, map in ipairs(vim.api.nvim_get_keymap('i')) do
    if map.lhsraw == raw or map.lhsraw == ours.lhsraw or map.lhsrawalt == raw then
      return map
    end
  end
end

--- Does what the key does without this plugin.
---@param buf integer
---@param lhs string
---@param plain boolean Whether the bare key counts, too: an unmapped Alt key would leave insert mode.
local function fall_through(buf, lhs, plain)
  local raw = vim.api.nvim_replace_termcodes(lhs, true, true, true)
  local map = mapping_behind(buf, lhs)
  if not map then
    if plain then
      feed(raw, false)
    end
    return
  end
  if map.callback and map.expr == 0 then
    map.callback()
    return
  end
  local keys
  if map.expr == 1 then
    keys = map.callback and map.callback() or map.rhs and vim.api.nvim_eval(map.rhs) or ''
  else
    keys = map.rhs or ''
  end
  if map.expr == 0 or map.replace_keycodes == 1 then
    keys = keys:gsub('<SID>', ('<SNR>%d_'):format(map.sid or 0))
    keys = vim.api.nvim_replace_termcodes(keys, true, true, true)
  end
  -- A mapping that begins with its own key means the bare key there; mapped again it would run for ever.
  feed(keys, map.noremap == 0 and not vim.startswith(keys, raw))
end

---@class byok.Action
---@field run fun(): boolean
---@field plain boolean
---@field desc string

---@type table<string, byok.Action>
local ACTIONS = {
  accept = { run = ghost.accept, plain = true, desc = 'byok: accept the suggestion' },
  accept_word = { run = function() return ghost.accept_part('word') end, plain = false, desc = 'byok: accept the next word' },
  accept_line = { run = function() return ghost.accept_part('line') end, plain = false, desc = 'byok: accept the next line' },
  dismiss = { run = ghost.dismiss, plain = true, desc = 'byok: dismiss the suggestion' },
  next = { run = function() return ghost.cycle(1) end, plain = false, desc = 'byok: next suggestion' },
  previous = { run = function() return ghost.cycle(-1) end, plain = false, desc = 'byok: previous suggestion' },
}

--- Sets the configured keys in a buffer.
---@param buf integer
function M.attach(buf)
  M.detach(buf)
  earlier[buf] = {}
  for name, action in pairs(ACTIONS) do
    local lhs = config.current.keys[name]
    if lhs then
      local before = vim.api.nvim_buf_call(buf, function() return vim.fn.maparg(lhs, 'i', false, true) end)
      if before.buffer == 1 then
        earlier[buf][lhs] = before
      end
      vim.keymap.set('i', lhs, function()
        if not action.run() then
          fall_through(buf, lhs, action.plain)
        end
      end, { buffer = buf, desc = action.desc })
    end
  end
end

--- Gives a buffer's keys back to what they did before.
---@param buf integer
function M.detach(buf)
  local before = earlier[buf]
  earlier[buf] = nil
  if not before or not vim.api.nvim_buf_is_valid(buf) then
    return
  end
  vim.api.nvim_buf_call(buf, function()
    for _, map in ipairs(vim.api.nvim_buf_get_keymap(buf, 'i')) do
      if vim.startswith(map.desc or '', 'byok: ') then
        vim.keymap.del('i', map.lhs, { buffer = buf })
      end
    end
    for _, map in pairs(before) do
      vim.fn.mapset('i', false, map)
    end
  end)
end

return M
