--- byok: ghost text from byok-lsp, on your own key.
---
--- `setup()` is the entry point; everything else is loaded by it or by `:Byok`.

local M = {}

--- Whether `setup()` has run.
M.is_set_up = false

local LINKS = {
  ByokModel = 'StatusLine',
  ByokCost = 'StatusLine',
  ByokBusy = 'DiagnosticInfo',
  ByokPaused = 'DiagnosticWarn',
  ByokError = 'DiagnosticError',
}

local function follow_attachments()
  local group = vim.api.nvim_create_augroup('byok', { clear = true })
  local ghost, keys, name = require('byok.ghost'), require('byok.keys'), require('byok.client').NAME
  vim.api.nvim_create_autocmd('LspAttach', {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == name and client:supports_method('textDocument/inlineCompletion') then
        ghost.attach(client, event.buf)
        keys.attach(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd('LspDetach', {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == name then
        ghost.detach(event.buf)
        keys.detach(event.buf)
      end
    end,
  })
end

--- Starts byok-lsp for the files that are opened from now on, and for those that are open already.
---
--- Works without options when `byok-lsp` is on the PATH. Called again, it replaces the options.
---@param opts? byok.Opts
function M.setup(opts)
  if vim.fn.has('nvim-0.12') == 0 then
    vim.notify('byok: Neovim 0.12 or newer is needed for inline completion', vim.log.levels.ERROR)
    return
  end
  local config = require('byok.config').apply(opts)
  local status = require('byok.status')
  for group, link in pairs(LINKS) do
    vim.api.nvim_set_hl(0, group, { link = link, default = true })
  end
  follow_attachments()
  M.is_set_up = true
  local client = require('byok.client')
  for _, running in ipairs(client.all()) do
    vim.iter(pairs(running.attached_buffers)):each(require('byok.keys').attach)
  end
  if not client.enable(status.handlers) then
    status.tell_once(('"%s" was not found\nfix: put it on the PATH or set `cmd`; see :checkhealth byok'):format(config.cmd[1]))
  end
end

--- Accepts the visible suggestion, for mappings of your own.
---@return boolean accepted False when there is none.
function M.accept()
  return M.is_set_up and require('byok.ghost').accept() or false
end

--- Accepts the visible suggestion's next word or line.
---@param what 'word'|'line'
---@return boolean accepted
function M.accept_part(what)
  return M.is_set_up and require('byok.ghost').accept_part(what) or false
end

--- Returns the status line's text for a buffer: model, state, today's cost; nothing where the server is not attached.
---@param opts? byok.StatuslineOpts
---@return string
function M.statusline(opts)
  if not M.is_set_up then
    return ''
  end
  return require('byok.status').line(opts)
end

return M
