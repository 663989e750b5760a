--- Previews of code actions: what is and what would be side by side, before anything is changed.
---
--- The server sends the texts (`byok/preview`), the user says yes or no, the server makes the edit. Nothing is edited here.

local M = {}

---@class byok.PreviewFile
---@field uri string
---@field kind 'edit'|'create'
---@field oldText string
---@field newText string

---@class byok.Preview
---@field id string
---@field title string
---@field files byok.PreviewFile[]

---@type table<string, { tabs: integer[], client_id: integer }> By the preview's name.
local open = {}

---@param name string
---@param text string
---@param filetype string
---@return integer buf
local function scratch(name, text, filetype)
  local buf = vim.api.nvim_create_buf(false, true)
  local lines = vim.split(text, '\n', { plain = true })
  if lines[#lines] == '' then
    table.remove(lines)
  end
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  pcall(vim.api.nvim_buf_set_name, buf, name)
  vim.bo[buf].modifiable = false
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].filetype = filetype
  return buf
end

--- Takes a preview off the screen.
---@param id string
function M.close(id)
  local shown = open[id]
  open[id] = nil
  for _, tab in ipairs(shown and shown.tabs or {}) do
    if vim.api.nvim_tabpage_is_valid(tab) and #vim.api.nvim_list_tabpages() > 1 then
      vim.cmd.tabclose(vim.api.nvim_tabpage_get_number(tab))
    end
  end
end

--- Answers a preview and takes it off the screen.
---@param id string
---@param accepted boolean
function M.answer(id, accepted)
  local shown = open[id]
  if not shown then
    return
  end
  M.close(id)
  local client = vim.lsp.get_client_by_id(shown.client_id)
  if client then
    client:request('byok/answerPreview', { id = id, accepted = accepted }, function() end)
  end
end

---@param preview byok.Preview
---@param file byok.PreviewFile
---@return integer tab
local function show_file(preview, file)
  local path = vim.uri_to_fname(file.uri)
  local name, filetype = vim.fn.fnamemodify(path, ':.'), vim.filetype.match({ filename = path }) or ''
  local sides = {
    scratch(('byok://%s/now/%s'):format(preview.id, name), file.oldText, filetype),
    scratch(('byok://%s/then/%s'):format(preview.id, name), file.newText, filetype),
  }
  vim.cmd('tab sbuffer ' .. sides[1])
  vim.cmd.diffthis()
  vim.cmd('rightbelow vertical sbuffer ' .. sides[2])
  vim.cmd.diffthis()
  local bars = { [sides[1]] = 'as it is   q: leave it', [sides[2]] = 'as it would be   y: make it' }
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    vim.wo[win].winbar = bars[vim.api.nvim_win_get_buf(win)]
  end
  vim.api.nvim_echo({ { preview.title } }, false, {})
  for _, buf in ipairs(sides) do
    for key, accepted in pairs({ y = true, ['<CR>'] = true, q = false, ['<Esc>'] = false }) do
      vim.keymap.set('n', key, function() M.answer(preview.id, accepted) end, {
        buffer = buf,
        nowait = true,
        desc = accepted and 'byok: make the change' or 'byok: leave it',
      })
    end
  end
  return vim.api.nvim_get_current_tabpage()
end

--- Shows a preview: `byok/preview`.
---@param preview byok.Preview
---@param client_id integer
function M.show(preview, client_id)
  vim.cmd.stopinsert()
  local shown = { tabs = {}, client_id = client_id }
  open[preview.id] = shown
  for _, file in ipairs(preview.files) do
    table.insert(shown.tabs, show_file(preview, file))
  end
  -- An action that was taken back has its progress ended, and nothing more to ask.
  vim.api.nvim_create_autocmd('LspProgress', {
    group = vim.api.nvim_create_augroup('byok.preview:' .. preview.id, { clear = true }),
    callback = function(event)
      local params = event.data.params
      if params.token == preview.id and params.value.kind == 'end' then
        vim.schedule(function() M.close(preview.id) end)
        return true
      end
    end,
  })
end

return M
