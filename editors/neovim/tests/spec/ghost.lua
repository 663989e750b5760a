-- Ghost text as a user meets it: typed, seen, accepted, refused.

local LINE = '    return a + b;'

return {
  { 'a suggestion is seen while typing', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:expect('text()', 'int add(int a, int b) {\n    ret\n}')
  end },

  { 'Tab accepts it and tells the server', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\n' .. LINE .. '\n}')
    nvim:expect('vim.api.nvim_win_get_cursor(0)', { 2, #LINE })
    local commands = nvim:expect_heard('workspace/executeCommand', 1)
    assert(vim.deep_equal(commands[1], { command = 'byok.didAccept', arguments = { 'call-0' } }), vim.inspect(commands))
  end },

  { 'a suggestion of several lines lands whole', function(nvim)
    nvim:ready({ '    if (a) {\n        return b;\n    }' })
    nvim:keys('    if')
    nvim:expect('ghost()', ' (a) {\n        return b;\n    }')
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\n    if (a) {\n        return b;\n    }\n}')
    nvim:expect('vim.api.nvim_win_get_cursor(0)', { 4, 5 })
  end },

  { 'text behind the cursor stays', function(nvim)
    nvim:ready({ 'call(first, second' }, { 'x', ');' })
    nvim:keys('<Esc>2ggIcall(')
    nvim:expect('ghost()', 'first, second')
    nvim:keys('<Tab>')
    nvim:expect('text()', 'x\ncall(first, second);')
  end },

  { 'Tab is Tab where there is no ghost text', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('x<Tab>y')
    nvim:expect('text()', 'int add(int a, int b) {\nx\ty\n}')
  end },

  { 'Tab does what it was mapped to where there is no ghost text', function(nvim)
    nvim:lua([[vim.keymap.set('i', '<Tab>', function() return '>>' end, { expr = true })]])
    nvim:ready({ LINE })
    nvim:keys('x<Tab>y')
    nvim:expect('text()', 'int add(int a, int b) {\nx>>y\n}')
    nvim:lua([[vim.keymap.set('i', '<Tab>', 'a<C-V>b', { remap = true })]])
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\nx>>yab\n}')
    nvim:lua([[vim.keymap.set('i', '<Tab>', function() vim.api.nvim_put({ '!' }, 'c', false, true) end)]])
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\nx>>yab!\n}')
  end },

  { "a buffer's own Tab mapping is kept behind ours", function(nvim)
    nvim:lua([[vim.api.nvim_create_autocmd('BufReadPost', {
      callback = function(event) vim.keymap.set('i', '<Tab>', '<lt>own>', { buffer = event.buf }) end,
    })]])
    nvim:ready({ LINE })
    nvim:keys('x<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\nx<own>\n}')
  end },

  { 'Tab still jumps through a snippet', function(nvim)
    nvim:ready({ LINE })
    nvim:lua([[vim.snippet.expand('f(${1:a}, ${2:b})')]])
    nvim:expect('vim.api.nvim_get_mode().mode', 's')
    nvim:keys('1<Tab>')
    nvim:expect('vim.api.nvim_get_mode().mode', 's')
    nvim:keys('2')
    nvim:expect('text()', 'int add(int a, int b) {\nf(1, 2)\n}')
  end },

  { 'a suggestion typed along with is accepted from where it has got to', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:tell('test/script', { hold = true })
    nvim:keys('urn')
    nvim:expect('ghost()', ' a + b;')
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\n' .. LINE .. '\n}')
  end },

  { 'the same holds for a suggestion that replaces the line', function(nvim)
    nvim:ready({ LINE })
    nvim:tell('test/script', { whole_line = true })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:tell('test/script', { hold = true })
    nvim:keys('urn')
    nvim:expect('ghost()', ' a + b;')
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\n' .. LINE .. '\n}')
  end },

  { 'characters outside ASCII and beyond 16 bits keep their places', function(nvim)
    nvim:ready({})
    nvim:keys('  "𝄞é" + na')
    nvim:tell('test/script', { suggestions = { '  "𝄞é" + name + "ü";' } })
    nvim:keys('m')
    nvim:expect('ghost()', 'e + "ü";')
    nvim:tell('test/script', { hold = true })
    nvim:keys('e')
    nvim:expect('ghost()', ' + "ü";')
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\n  "𝄞é" + name + "ü";\n}')
  end },

  { 'a suggestion that no longer fits is hidden at once and cannot be accepted', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:tell('test/script', { hold = true })
    nvim:keys('x')
    nvim:expect('ghost()', '')
    nvim:keys('<Tab>!')
    nvim:expect_text('text()', '    retx')
    nvim:expect_text('text()', '!')
    assert(not nvim:lua('return text()'):find('return', 1, true))
  end },

  { 'an answer about text that is gone is not shown', function(nvim)
    nvim:ready({ LINE })
    nvim:tell('test/script', { hold = true })
    nvim:keys('    ret')
    nvim:expect_heard('textDocument/inlineCompletion', 1)
    nvim:keys('<BS>!')
    nvim:tell('test/script', { hold = false, suggestions = {} })
    nvim:expect_heard('textDocument/inlineCompletion', 2)
    nvim:expect('ghost()', '')
    nvim:keys('<Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\n    re!\t\n}')
  end },

  { 'undo takes back the suggestion and keeps what was typed', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:keys('<Tab>')
    nvim:expect_text('text()', LINE)
    nvim:keys('<Esc>u')
    nvim:expect('text()', 'int add(int a, int b) {\n    ret\n}')
  end },

  { 'dismiss hides it, and the key is free again', function(nvim)
    nvim:lua([[vim.keymap.set('i', '<C-]>', '<lt>free>')]])
    nvim:ready({ LINE })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:keys('<C-]>')
    nvim:expect('ghost()', '')
    nvim:keys('<C-]>')
    nvim:expect('text()', 'int add(int a, int b) {\n    ret<free>\n}')
    local told = nvim:expect_heard('byok/didDismiss', 1)
    assert(#told == 1 and told[1].id == 'call-0', vim.inspect(told))
  end },

  { 'dismiss tells of all suggestions that were to be chosen from', function(nvim)
    nvim:ready({ 'return a;', 'return b;' })
    nvim:keys('ret')
    nvim:expect('ghost()', 'urn a;')
    nvim:keys('<C-]>')
    nvim:expect('ghost()', '')
    local told = nvim:expect_heard('byok/didDismiss', 2)
    assert(told[1].id == 'call-0' and told[2].id == 'call-1', vim.inspect(told))
  end },

  { "of another server's suggestion ours is not told, nor that ours stood behind it", function(nvim)
    nvim:open('add.c', { 'int add(int a, int b) {', '', '}' })
    nvim:lua('vim.lsp.start({ name = "other", cmd = { ... } })', nvim.HERE .. '/support/scripted_lsp.py')
    nvim:expect('#vim.lsp.get_clients({ name = "other" })', 1)
    nvim:lua('vim.lsp.get_clients({ name = "other" })[1]:notify("test/script", { suggestions = { "return theirs;" } })')
    nvim:setup()
    nvim:expect('attached()', true)
    nvim:tell('test/script', { suggestions = { 'return ours;' } })
    nvim:keys('jAret')
    -- Neovim shows what the server says that was there first.
    nvim:expect('ghost()', 'urn theirs;')
    nvim:expect_heard('textDocument/inlineCompletion', 1)
    nvim:keys('<C-]>')
    nvim:expect('ghost()', '')
    assert(#nvim:heard('byok/didDismiss') == 0, vim.inspect(nvim:heard('byok/didDismiss')))
  end },

  { 'leaving insert mode refuses nothing: the suggestion is there again', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    nvim:expect('ghost()', 'urn a + b;')
    nvim:keys('<Esc>')
    nvim:expect('ghost()', '')
    nvim:keys('a')
    nvim:expect('ghost()', 'urn a + b;')
    assert(#nvim:heard('byok/didDismiss') == 0)
  end },

  { 'next and previous show the other suggestions', function(nvim)
    nvim:ready({ 'return a;', 'return b;' })
    nvim:keys('ret')
    nvim:expect('ghost()', 'urn a;')
    nvim:keys('<M-]>')
    nvim:expect('ghost()', 'urn b; (2/2)')
    nvim:keys('<M-[>')
    nvim:expect('ghost()', 'urn a; (1/2)')
    nvim:keys('<M-]><Tab>')
    nvim:expect('text()', 'int add(int a, int b) {\nreturn b;\n}')
  end },

  { 'next and previous without ghost text leave the text and the mode alone', function(nvim)
    nvim:ready({})
    nvim:keys('x<M-]><M-[>y')
    nvim:expect('text()', 'int add(int a, int b) {\nxy\n}')
    nvim:expect('vim.api.nvim_get_mode().mode', 'i')
  end },

  { 'a popup menu keeps Tab, and hides the ghost text', function(nvim)
    nvim:ready({ 'addition = 1;' }, { 'int adder; int adding;', '', '' })
    nvim:keys('add')
    nvim:expect('ghost()', 'ition = 1;')
    nvim:keys('<C-N>')
    nvim:expect('vim.fn.pumvisible()', 1)
    nvim:expect('ghost()', '')
    nvim:lua([[vim.keymap.set('i', '<Tab>', function() return vim.fn.pumvisible() == 1 and '<C-N>' or '<Tab>' end, { expr = true })]])
    local before = nvim:lua('return vim.fn.complete_info({ "selected" }).selected')
    nvim:keys('<Tab>')
    nvim:expect('vim.fn.complete_info({ "selected" }).selected', before + 1)
    nvim:expect('vim.fn.pumvisible()', 1)
    assert(not nvim:lua('return text()'):find('addition', 1, true))
  end },

  { 'the keys can be changed and switched off', function(nvim)
    nvim:setup({ keys = { accept = '<C-L>', next = false } })
    nvim:open('add.c', { 'int x;', '' })
    nvim:expect('attached()', true)
    nvim:tell('test/script', { suggestions = { 'return a;' } })
    nvim:keys('jAret')
    nvim:expect('ghost()', 'urn a;')
    nvim:keys('<C-L>')
    nvim:expect('text()', 'int x;\nreturn a;')
    nvim:expect([[vim.fn.maparg('<M-]>', 'i')]], '')
    nvim:expect([[vim.fn.maparg('<M-[>', 'i', false, true).desc]], 'byok: previous suggestion')
  end },
}
