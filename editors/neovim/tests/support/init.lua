-- The editor under test: nothing but Neovim's defaults and this plugin.
local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
vim.opt.runtimepath:prepend(vim.fs.dirname(vim.fs.dirname(here)))
vim.o.swapfile = false

_G.seen = { notifications = {}, usage = {} }
vim.notify = function(message, level)
  table.insert(_G.seen.notifications, { message = message, level = level })
end
vim.api.nvim_create_autocmd('User', {
  pattern = 'ByokUsage',
  callback = function(event) table.insert(_G.seen.usage, event.data) end,
})

--- The ghost text on the screen, lines joined.
function _G.ghost()
  local namespace, out = vim.api.nvim_create_namespace('nvim.lsp.inline_completion'), {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
    for _, chunk in ipairs(mark[4].virt_text or {}) do
      table.insert(out, chunk[1])
    end
    for _, line in ipairs(mark[4].virt_lines or {}) do
      table.insert(out, '\n' .. line[1][1])
    end
  end
  return table.concat(out)
end

function _G.text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
end

function _G.attached()
  local client = vim.lsp.get_clients({ name = 'byok', bufnr = 0 })[1]
  return client ~= nil and client.initialized == true
end
