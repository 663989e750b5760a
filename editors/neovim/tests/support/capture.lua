-- The editor in the picture of capture.sh: Neovim's own looks, with line numbers and a status line.
dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2))), 'init.lua'))

vim.o.termguicolors = true
vim.o.background = 'dark'
vim.o.number = true
vim.o.showmode = false
vim.o.ruler = false
vim.o.laststatus = 2
vim.o.statusline = " %f %m%=%{%v:lua.require'byok'.statusline({'colours': v:true})%}  %l:%c "
vim.cmd('syntax on')
-- Neovim's own grey for ghost text is hard to read in a small picture.
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#868d9c', italic = true })
for _, group in ipairs({ 'ByokModel', 'ByokCost' }) do
  vim.api.nvim_set_hl(0, group, { link = 'StatusLine' })
end

require('byok').setup({
  cmd = { vim.env.BYOK_BINARY, 'serve' },
  settings = vim.env.BYOK_MODE == 'provider' and {
    completion = { model = 'mock/small', debounce_ms = 0 },
    providers = {
      mock = {
        wire = 'openai-completions',
        base_url = vim.env.BYOK_URL,
        key = 'none',
        prices = { small = { input = '0.30 USD', output = '0.90 USD' } },
      },
    },
  } or { completion = { model = 'local' } },
})
