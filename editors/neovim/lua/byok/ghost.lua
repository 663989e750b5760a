--- Ghost text: switches Neovim's inline completion on, and decides when a suggestion may be seen and accepted.
---
--- Neovim keeps an older suggestion on the screen while the next one is awaited, and accepts it where it once was, even
--- when the text has moved on. This module notes where each suggestion was asked for; one that no longer fits the
--- text is taken off the screen, and one that was partly typed by hand is accepted from the place it has got to.

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')
local METHOD = 'textDocument/inlineCompletion'

---@class byok.Place
---@field row integer
---@field col integer The cursor's byte column when the suggestion was asked for.
---@field line string The cursor's line at that time.
---@field text? string The suggestion from the cursor on, once it is shown, as the screen has it.
---@field stale? boolean The text has moved on; what Neovim still shows must not be seen.

---@type table<integer, byok.Place> By request number.
local asked = {}
---@type table<integer, byok.Place> By buffer: what the visible suggestion answers.
local shown = {}

---@type table<integer, byok.Place> By buffer: what an answer is to that came in this moment, and that was not looked at yet.
local arrived = {}

---@type table<integer, lsp.InlineCompletionItem[]> By buffer: the server's last answer.
local answers = {}

---@param buf integer
---@return vim.api.keyset.get_extmark_item? mark
local function visible_mark(buf)
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buf, NAMESPACE, 0, -1, { details = true })) do
    local first, more = mark[4].virt_text or {}, mark[4].virt_lines or {}
    if (first[1] and first[1][1] ~= '') or #more > 0 then
      return mark
    end
  end
end

---@param buf integer
local function hide(buf)
  vim.api.nvim_buf_clear_namespace(buf, NAMESPACE, 0, -1)
end

---@return byok.Place
local function here()
  local cursor = vim.api.nvim_win_get_cursor(0)
  return { row = cursor[1] - 1, col = cursor[2], line = vim.api.nvim_get_current_line() }
end

--- What was typed since `place`, if the text around the cursor is otherwise as it was.
---@param place byok.Place
---@param now byok.Place
---@return string? typed
local function typed_since(place, now)
  local same = now.row == place.row
    and now.col >= place.col
    and now.line:sub(1, place.col) == place.line:sub(1, place.col)
    and now.line:sub(now.col + 1) == place.line:sub(place.col + 1)
  return same and now.line:sub(place.col + 1, now.col) or nil
end

--- Notes what the suggestion on the screen says from the cursor on.
---@param buf integer
---@param place byok.Place
local function remember(buf, place)
  local mark = visible_mark(buf)
  if mark then
    local lines = { mark[4].virt_text or {}, unpack(mark[4].virt_lines or {}) }
    -- A line's second chunk counts the suggestions. Neovim skips the part that stands behind the cursor already.
    local seen = vim.tbl_map(function(line) return line[1] and line[1][1] or '' end, lines)
    place.text = place.line:sub(place.col + 1, mark[3]) .. table.concat(seen, '\n')
    shown[buf] = place
  else
    shown[buf] = nil
  end
end

--- Takes the suggestion off the screen if it no longer fits the text, or if a popup menu is open.
---@param buf integer
local function tidy(buf)
  if buf ~= vim.api.nvim_get_current_buf() or not visible_mark(buf) then
    return
  end
  local place = shown[buf]
  if place and not place.stale then
    local typed = typed_since(place, here())
    place.stale = not typed or not vim.startswith(place.text, typed)
  end
  if vim.fn.pumvisible() == 1 or (place and place.stale) then
    hide(buf)
  end
end

--- Looks at the answer that Neovim has shown just now, if there is one.
---@param buf integer
local function look(buf)
  local place = arrived[buf]
  arrived[buf] = nil
  if not place or not vim.api.nvim_buf_is_valid(buf) or buf ~= vim.api.nvim_get_current_buf() then
    return
  end
  if vim.deep_equal(place, here()) then
    remember(buf, place)
  elseif visible_mark(buf) then
    -- Typing went on meanwhile, so the next request is under way and this answer is about text that is gone.
    place.stale, shown[buf] = true, place
  end
  tidy(buf)
end

---@param buf integer
---@param id integer
local function on_reply(buf, id)
  arrived[buf], asked[id] = asked[id] or arrived[buf], nil
  -- Neovim shows the suggestion right after this event. A key may come before what is put off here, and looks itself.
  vim.schedule(function() look(buf) end)
end

--- Replaces the suggestion's range, moved along with what was typed since, by its text.
---@param buf integer
---@param item vim.lsp.inline_completion.Item
---@return vim.lsp.inline_completion.Item? item For Neovim to accept by itself.
local function put(buf, item)
  local place, now = shown[buf], here()
  if not place or type(item.insert_text) ~= 'string' or not item.range then
    return item
  end
  local typed = typed_since(place, now)
  local first_row, first, last_row, last = item.range:to_extmark()
  if not typed or first_row ~= now.row or last_row ~= now.row then
    return nil
  end
  if not vim.startswith(item.insert_text, now.line:sub(first + 1, now.col)) then
    return nil
  end
  last = last >= place.col and last + #typed or last

  -- Setting it to itself ends the undo block, so that undo takes back the suggestion and not the typing before it.
  vim.bo[buf].undolevels = vim.bo[buf].undolevels
  local lines = vim.split(item.insert_text, '\n', { plain = true })
  vim.api.nvim_buf_set_text(buf, now.row, first, now.row, math.min(last, #now.line), lines)
  vim.api.nvim_win_set_cursor(0, { now.row + #lines, (#lines == 1 and first or 0) + #lines[#lines] })

  local client = vim.lsp.get_client_by_id(item.client_id)
  if item.command and client then
    client:exec_cmd(item.command, { bufnr = buf }, function() end)
  end
end

--- Tells whether a suggestion can be seen in the current buffer and no popup menu is in front of it.
---@return boolean
function M.visible()
  return vim.fn.pumvisible() == 0 and visible_mark(vim.api.nvim_get_current_buf()) ~= nil
end

--- Accepts the visible suggestion.
---@return boolean accepted False when there is none.
function M.accept()
  local buf = vim.api.nvim_get_current_buf()
  look(buf)
  tidy(buf)
  return M.visible() and vim.lsp.inline_completion.get({
    bufnr = buf,
    on_accept = function(item) return put(buf, item) end,
  })
end

--- The item on the screen, how much of its text stands before the cursor, and what does not.
---@param buf integer
---@return lsp.InlineCompletionItem? item
---@return integer done
---@return string rest
local function remaining(buf)
  local place, now, client = shown[buf], here(), require('byok.client').of(buf)
  if not client or not place or not place.text or not typed_since(place, now) then
    return nil, 0, ''
  end
  for _, item in ipairs(answers[buf] or {}) do
    local text = item.insertText
    local start = item.range
        and vim.str_byteindex(place.line, client.offset_encoding, item.range.start.character, false)
      or place.col
    local seen = place.line:sub(start + 1, place.col) .. place.text
    -- The screen has "^L" and the like where characters cannot be printed.
    if type(text) == 'string' and vim.fn.strtrans(text) == vim.fn.strtrans(seen) then
      local done = now.col - start
      return item, done, text:sub(done + 1)
    end
  end
  return nil, 0, ''
end

local NEXT_WORD = [=[\v^\s*%(\k+|[^[:keyword:][:space:]]+|$)]=]

--- Cuts the next word or line off a text; at the end of a line, that of the next one with the line break before it.
---@param rest string
---@param what 'word'|'line'
---@return string
local function part_of(rest, what)
  local breaks = rest:match('^\n+') or ''
  local line = rest:sub(#breaks + 1):match('^[^\n]*')
  if what == 'line' then
    return breaks .. line
  end
  return breaks .. vim.fn.matchstr(line, NEXT_WORD)
end

--- Accepts the next word or line of the visible suggestion; the rest stays, as if the part had been typed.
---@param what 'word'|'line'
---@return boolean accepted False when there is none.
function M.accept_part(what)
  local buf = vim.api.nvim_get_current_buf()
  look(buf)
  tidy(buf)
  if not M.visible() then
    return false
  end
  local item, done, rest = remaining(buf)
  if not item then
    -- Of what is not known no part is, and the whole is not what was asked for.
    return true
  end
  local part = part_of(rest, what)
  if part == '' or part == rest then
    return M.accept()
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(part, '\n', { plain = true })
  vim.bo[buf].undolevels = vim.bo[buf].undolevels
  vim.api.nvim_buf_set_text(buf, row - 1, col, row - 1, col, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, (#lines == 1 and col or 0) + #lines[#lines] })
  local client = require('byok.client').of(buf)
  if client then
    local length = vim.str_utfindex(item.insertText, 'utf-16', done + #part)
    client:notify('textDocument/didPartiallyAcceptCompletion', { item = item, acceptedLength = length })
  end
  return true
end

--- Notes the server's answers, which Neovim hands to nobody: what is accepted in parts is reported by its item.
---@param client vim.lsp.Client
local function listen(client)
  local request = client.request
  if client.byok_listens then
    return
  end
  client.byok_listens = true
  client.request = function(self, method, params, handler, buf)
    if method ~= METHOD or not handler then
      return request(self, method, params, handler, buf)
    end
    return request(self, method, params, function(err, result, ctx, ...)
      if ctx and ctx.bufnr then
        answers[ctx.bufnr] = result and (result.items or result) or nil
      end
      return handler(err, result, ctx, ...)
    end, buf)
  end
end

--- Shows another suggestion for the same place.
---@param count integer Positive for later ones, negative for earlier ones.
---@return boolean
function M.cycle(count)
  if not M.visible() then
    return false
  end
  local buf = vim.api.nvim_get_current_buf()
  look(buf)
  vim.lsp.inline_completion.select({ bufnr = buf, count = count })
  if shown[buf] then
    remember(buf, here())
  end
  return true
end

--- Tells the server what its user took off the screen, so that it does not come back at the next key. Of several suggestions
--- all go at once, the ones that were not looked at too: the next of them would else be shown in the place of the refused one.
--- Where another server's is refused, nothing is said of ours.
---@param buf integer
---@param item vim.lsp.inline_completion.Item
local function tell_dismissed(buf, item)
  local client = require('byok.client').of(buf)
  if not client or client.id ~= item.client_id then
    return
  end
  for _, answer in ipairs(answers[buf] or {}) do
    local id = vim.tbl_get(answer, 'command', 'arguments', 1)
    if type(id) == 'string' then
      client:notify('byok/didDismiss', { id = id })
    end
  end
  answers[buf] = nil
end

--- Takes the visible suggestion off the screen and calls off what was asked meanwhile.
---
--- This alone is a refusal. Ghost text that goes when its user leaves insert mode is none: they may want to read, or to move to
--- where it fits, and it is there again when they come back. What goes because something else was typed, the server knows
--- from the edit.
---@return boolean
function M.dismiss()
  local buf = vim.api.nvim_get_current_buf()
  look(buf)
  tidy(buf)
  -- Accepting nothing is the one public way to make Neovim forget a suggestion, and it says which one that was.
  return M.visible()
    and vim.lsp.inline_completion.get({ bufnr = buf, on_accept = function(item) tell_dismissed(buf, item) end })
end

--- Switches ghost text on for a buffer.
---@param client vim.lsp.Client
---@param buf integer
function M.attach(client, buf)
  listen(client)
  vim.lsp.inline_completion.enable(true, { bufnr = buf })
  local group = vim.api.nvim_create_augroup('byok.ghost:' .. buf, { clear = true })
  vim.api.nvim_create_autocmd('LspRequest', {
    group = group,
    buffer = buf,
    callback = function(event)
      local data = event.data
      if data.client_id ~= client.id or data.request.method ~= METHOD then
        return
      end
      if data.request.type == 'pending' then
        asked[data.request_id] = here()
      elseif data.request.type == 'complete' then
        on_reply(buf, data.request_id)
      else
        asked[data.request_id] = nil
      end
    end,
  })
  -- Neovim shows the old suggestion anew in its own handlers of these events; those run first or in the same turn.
  vim.api.nvim_create_autocmd({ 'CursorMovedI', 'TextChangedI', 'TextChangedP', 'CompleteChanged' }, {
    group = group,
    buffer = buf,
    callback = function()
      tidy(buf)
      vim.schedule(function()
        if vim.api.nvim_buf_is_valid(buf) then
          tidy(buf)
        end
      end)
    end,
  })
end

--- Forgets a buffer.
---@param buf integer
function M.detach(buf)
  shown[buf], answers[buf], arrived[buf] = nil, nil, nil
  pcall(vim.api.nvim_del_augroup_by_name, 'byok.ghost:' .. buf)
end

return M
