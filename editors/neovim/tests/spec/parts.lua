-- A suggestion taken in parts: the next word, the next line.

local LINE = '    return first + second;'

--- Waits until no request is on its way, so that the screen is what it stays.
local function quiet(nvim, ghost)
  nvim:expect('ghost()', ghost)
end

return {
  { 'a word at a time, the rest stays on the screen', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    quiet(nvim, 'urn first + second;')
    nvim:keys('<M-w>')
    nvim:expect('text()', 'int add(int a, int b) {\n    return\n}')
    quiet(nvim, ' first + second;')
    nvim:keys('<M-w>')
    nvim:expect('text()', 'int add(int a, int b) {\n    return first\n}')
    quiet(nvim, ' + second;')
    nvim:expect('vim.api.nvim_get_mode().mode', 'i')
  end },

  { 'the server is told how much of the item was taken', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    quiet(nvim, 'urn first + second;')
    nvim:keys('<M-w>')
    local told = nvim:expect_heard('textDocument/didPartiallyAcceptCompletion', 1)[1]
    assert(told.acceptedLength == #'urn' and told.item.command.arguments[1] == 'call-0', vim.inspect(told))
    assert(#nvim:heard('workspace/executeCommand') == 0, 'a part is not the whole')
  end },

  { 'lengths are counted as the protocol counts them', function(nvim)
    nvim:ready({ '    let größe😀 = 1;' })
    nvim:keys('    let')
    quiet(nvim, ' größe😀 = 1;')
    nvim:keys('<M-l>')
    nvim:expect('text()', 'int add(int a, int b) {\n    let größe😀 = 1;\n}')
    nvim:keys('<Esc>uA')
    nvim:expect('text()', 'int add(int a, int b) {\n    let\n}')
    quiet(nvim, ' größe😀 = 1;')
    nvim:keys('<M-w>')
    local told = nvim:expect_heard('textDocument/didPartiallyAcceptCompletion', 1)[1]
    -- A space, five letters of one unit each, and the two of the face.
    assert(told.acceptedLength == 8, vim.inspect(told))
  end },

  { 'a line at a time; the last part accepts the whole', function(nvim)
    nvim:ready({ '    if (a) {\n        return b;' })
    nvim:keys('    if')
    quiet(nvim, ' (a) {\n        return b;')
    nvim:keys('<M-l>')
    nvim:expect('text()', 'int add(int a, int b) {\n    if (a) {\n}')
    quiet(nvim, '\n        return b;')
    nvim:keys('<M-l>')
    nvim:expect('text()', 'int add(int a, int b) {\n    if (a) {\n        return b;\n}')
    local commands = nvim:expect_heard('workspace/executeCommand', 1)
    assert(commands[1].command == 'byok.didAccept')
  end },

  { 'a part is a part also in the moment in which its suggestion appears', function(nvim)
    -- Before the plugin's own, so that it comes before what that puts off.
    nvim:lua([[vim.api.nvim_create_autocmd('LspRequest', { callback = function(event)
      local request = event.data.request
      local is_answer = request.method == 'textDocument/inlineCompletion' and request.type == 'complete'
      if is_answer and vim.api.nvim_get_current_line() == '    if' then
        vim.schedule(function() require('byok.ghost').accept_part('line') end)
      end
    end })]])
    nvim:ready({ '    if (a) {\n        return b;' })
    nvim:keys('    i')
    quiet(nvim, 'f (a) {\n        return b;')
    nvim:keys('f')
    nvim:expect('text()', 'int add(int a, int b) {\n    if (a) {\n}')
    quiet(nvim, '\n        return b;')
    assert(#nvim:heard('workspace/executeCommand') == 0, 'a part is not the whole')
  end },

  { 'of several suggestions the one on the screen is taken in parts, also where all begin alike', function(nvim)
    nvim:ready({ 'if (a) {\n        return x;', 'if (a) {\n        go(y);' })
    nvim:keys('if (a) {')
    quiet(nvim, '\n        return x;')
    nvim:keys('<M-]>')
    quiet(nvim, '\n        go(y);')
    nvim:keys('<M-w>')
    nvim:expect('text()', 'int add(int a, int b) {\nif (a) {\n        go\n}')
    local told = nvim:expect_heard('textDocument/didPartiallyAcceptCompletion', 1)[1]
    assert(told.acceptedLength == #'\n        go' and told.item.command.arguments[1] == 'call-1', vim.inspect(told))
  end },

  { 'also where another one ends as it does', function(nvim)
    nvim:ready({ 'é =  a + b;', 'é = a + b;' })
    nvim:keys('é = ')
    quiet(nvim, ' a + b;')
    nvim:keys('<M-]>')
    quiet(nvim, 'a + b; (2/2)')
    nvim:keys('<M-w>')
    nvim:expect('text()', 'int add(int a, int b) {\né = a\n}')
    local told = nvim:expect_heard('textDocument/didPartiallyAcceptCompletion', 1)[1]
    assert(told.acceptedLength == #'a' and told.item.command.arguments[1] == 'call-1', vim.inspect(told))
  end },

  { 'and where they replace the line', function(nvim)
    nvim:ready({ '    if (a) {\n        return x;', '    if (a) {\n        go(y);' })
    nvim:tell('test/script', { whole_line = true })
    nvim:keys('    if (a) {')
    quiet(nvim, '\n        return x;')
    nvim:keys('<M-]>')
    quiet(nvim, '\n        go(y);')
    nvim:keys('<M-w>')
    nvim:expect('text()', 'int add(int a, int b) {\n    if (a) {\n        go\n}')
    local told = nvim:expect_heard('textDocument/didPartiallyAcceptCompletion', 1)[1]
    assert(told.acceptedLength == #'    if (a) {\n        go', vim.inspect(told))
  end },

  { 'characters that the screen shows otherwise hinder no part', function(nvim)
    nvim:ready({ 'if (a) {\n\f\treturn "\u{200b}";' })
    nvim:keys('if')
    quiet(nvim, ' (a) {\n^L\treturn "<200b>";')
    nvim:keys('<M-l>')
    nvim:expect('text()', 'int add(int a, int b) {\nif (a) {\n}')
  end },

  { 'undo takes back one part', function(nvim)
    nvim:ready({ LINE })
    nvim:keys('    ret')
    quiet(nvim, 'urn first + second;')
    nvim:keys('<M-w>')
    quiet(nvim, ' first + second;')
    nvim:keys('<M-w>')
    quiet(nvim, ' + second;')
    nvim:keys('<Esc>u')
    nvim:expect('text()', 'int add(int a, int b) {\n    return\n}')
  end },

  { 'without ghost text the keys do nothing new', function(nvim)
    nvim:lua([[vim.keymap.set('i', '<M-l>', '!')]])
    nvim:ready({ LINE })
    nvim:keys('x<M-l><M-w>y')
    nvim:expect('text()', 'int add(int a, int b) {\nx!y\n}')
  end },
}
