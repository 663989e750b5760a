-- What the server advises and explains, previews of actions, keys and budgets.

local LINE = [[require('byok').statusline()]]
local BUDGET = {
  v = 1, state = 'reached',
  caps = {
    { name = 'day', per = 'day', at = 'hard', currency = 'USD', cap = 2000000000, spent = 1220000000, reserved = 100000000, left = 680000000, state = 'reached' },
  },
}
local PREVIEW = {
  v = 1, id = 'byok.action-3', action = 'simplify', title = 'Simplify by mock/small, 100% yours',
  files = { { uri = 'file:///w/a.lua', kind = 'edit', version = 7, oldText = 'local a = 1\nreturn a\n', newText = 'return 1\n' } },
}

--- A stand-in for byok-lsp that answers the commands that are run in a terminal.
local function program(nvim, script)
  local path = nvim.folder .. '/byok-lsp'
  local server = vim.fs.joinpath(require('editor').HERE, 'support/scripted_lsp.py')
  vim.fn.writefile({ '#!/bin/sh', 'case "$1" in', script, ('*) exec %s ;;'):format(server), 'esac' }, path)
  vim.fn.setfperm(path, 'rwxr-xr-x')
  nvim:setup({ cmd = { path, 'serve' } })
  nvim:open('add.c', { '' })
  nvim:expect('attached()', true)
end

return {
  { 'the budget stands in the status line, in the usage window and in the status', function(nvim)
    nvim:ready({})
    nvim:say('byok/budget', BUDGET)
    nvim:expect(LINE, 'byok $0.00 today (66% of day)')
    nvim:expect([[require('byok').statusline({ colours = true }):match('%%#ByokPaused#.*')]], '%#ByokPaused# (66%% of day)%*')
    nvim:lua([[vim.cmd('Byok usage')]])
    nvim:expect_text('text()', 'day      $1.22 of $2.00, $0.10 reserved (reached)')
    nvim:say('byok/budget', { v = 1, state = 'ok', caps = {} })
    nvim:expect('vim.api.nvim_get_mode().mode', 'n')
    nvim:keys('q')
    nvim:expect(LINE, 'byok $0.00 today')
  end },

  { 'a hint is quiet, and :Byok fix does what was advised', function(nvim)
    nvim:ready({})
    nvim:say('byok/advice', { v = 1, kind = 'hint', message = 'add a key', fix = { title = 'Use the local engine', command = 'byok.pause', arguments = {} } })
    nvim:expect('seen.notifications', { { message = 'byok: add a key\n:Byok fix - Use the local engine', level = vim.log.levels.INFO } })
    nvim:lua([[vim.cmd('Byok fix')]])
    assert(nvim:expect_heard('workspace/executeCommand', 1)[1].command == 'byok.pause')
  end },

  { ':Byok fix shows the models where another one is the fix', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.ui.select = function(models, opts) _G.asked = opts.prompt end]])
    nvim:say('byok/status', { v = 1, state = 'error', model = 'mock/x', payer = 'you', message = 'the provider does not know the model',
      fix = { title = 'Choose another model', command = 'byok.setModel', arguments = {} } })
    nvim:expect_text(LINE, 'error')
    nvim:lua([[vim.cmd('Byok fix')]])
    nvim:expect_text('asked', 'Model (now')
  end },

  { ':Byok fix without a trouble says so', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok fix')]])
    nvim:expect_text([[vim.fn.execute('messages')]], 'nothing to fix')
  end },

  { 'the client announces that it advises by itself, and previews where that is set', function(nvim)
    nvim:setup({ preview = true })
    nvim:open('add.c', { '' })
    nvim:expect('attached()', true)
    local ours = nvim:heard('initialize')[1].capabilities.experimental.byok
    assert(vim.deep_equal(ours, { advice = true, instruction = true, preview = true }), vim.inspect(ours))
  end },

  { ':Byok context shows what the server explains, :Byok route says where it cannot', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok context')]])
    nvim:expect('text()', "1. the lines around the cursor\n2. the file's outline")
    nvim:expect('vim.api.nvim_get_mode().mode', 'n')
    nvim:keys('q')
    nvim:lua([[vim.cmd('Byok route')]])
    nvim:expect_text('seen.notifications[1].message', 'install a newer byok-lsp')
  end },

  { ':Byok key asks in a terminal and nowhere else', function(nvim)
    program(nvim, 'key) printf "Key for %s: " "$3"; stty -echo; read key; stty echo; echo; echo "$2 $3 ${#key}" > done; exit 0 ;;')
    nvim:lua([[vim.cmd('Byok key mock')]])
    nvim:expect_text('text()', 'Key for mock: ')
    nvim:expect('vim.api.nvim_get_mode().mode', 't')
    nvim:keys('a-secret-of-mine<CR>')
    nvim:expect_text('(seen.notifications[1] or {}).message', 'the key for mock is stored')
    nvim:expect([[vim.fn.readfile('done')[1] ]], 'set mock 16')
    nvim:expect('vim.bo.buftype', '')
    local said = vim.json.encode(nvim:heard('workspace/executeCommand')) .. nvim:log()
    assert(not said:find('a-secret-of-mine', 1, true))
    nvim:expect([[vim.fn.execute('messages'):find('a-secret', 1, true)]], vim.NIL)
  end },

  { ':Byok key without a provider asks which, and takes no key for one', function(nvim)
    nvim:ready({})
    nvim:lua([[
      vim.ui.input = function(_, done) done('sk-ant/secret!') end
      vim.cmd('Byok key')
    ]])
    nvim:expect_text('(seen.notifications[1] or {}).message', 'no name of a provider')
    nvim:expect([[vim.fn.execute('messages'):find('secret', 1, true)]], vim.NIL)
  end },

  { ':Byok login signs in from a terminal where the server cannot', function(nvim)
    program(nvim, 'login) echo "$*" > done; exit 0 ;;')
    nvim:lua([[vim.cmd('Byok login')]])
    nvim:expect_text('(seen.notifications[1] or {}).message', 'signed in at openrouter')
    nvim:expect([[vim.fn.readfile('done')[1] ]], 'login openrouter')
  end },

  { 'a preview shows both sides; y makes the change', function(nvim)
    nvim:ready({})
    nvim:say('byok/preview', PREVIEW)
    nvim:expect('#vim.api.nvim_list_tabpages()', 2)
    nvim:expect('text()', 'return 1')
    nvim:expect('vim.wo.diff', true)
    nvim:expect('vim.bo.filetype', 'lua')
    nvim:expect_text([[vim.api.nvim_eval_statusline(vim.wo.winbar, {}).str]], 'as it would be   y: make it')
    nvim:expect('vim.api.nvim_get_mode().mode', 'n')
    nvim:keys('y')
    local answers = nvim:expect_heard('byok/answerPreview', 1)
    assert(vim.deep_equal(answers, { { id = 'byok.action-3', accepted = true } }), vim.inspect(answers))
    nvim:expect('#vim.api.nvim_list_tabpages()', 1)
  end },

  { 'a preview is left by q, and goes away when the action is taken back', function(nvim)
    nvim:ready({})
    nvim:say('byok/preview', PREVIEW)
    nvim:expect('vim.wo.diff', true)
    nvim:keys('q')
    assert(nvim:expect_heard('byok/answerPreview', 1)[1].accepted == false)
    nvim:expect('#vim.api.nvim_list_tabpages()', 1)
    nvim:say('byok/preview', PREVIEW)
    nvim:expect('#vim.api.nvim_list_tabpages()', 2)
    nvim:say('$/progress', { token = 'byok.action-3', value = { kind = 'begin', title = 'Simplify' } })
    nvim:say('$/progress', { token = 'byok.action-3', value = { kind = 'end' } })
    nvim:expect('#vim.api.nvim_list_tabpages()', 1)
    assert(#nvim:heard('byok/answerPreview') == 1)
  end },

  { 'lualine has a component of that name', function(nvim)
    nvim:lua([[
      package.loaded['lualine.component'] = { extend = function() return {} end }
      _G.component = require('lualine.components.byok')
    ]])
    nvim:ready({})
    nvim:expect('component:update_status()', 'byok $0.00 today')
  end },
}
