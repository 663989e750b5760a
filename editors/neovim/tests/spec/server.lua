-- Starting, attaching, settings, and the server's own messages.

local USAGE = {
  v = 1, id = 'call-0', feature = 'completion', provider = 'mock', model = 'small', key = 'MOCK_KEY', payer = 'you',
  outcome = 'complete', tokens = { input = 100, cacheRead = 0, cacheWrite = 0, output = 5, reasoning = 0 },
  cost = { nanos = 210000, currency = 'USD', source = 'priced' }, latency = { firstTokenMs = 3, totalMs = 5 },
  totals = {
    session = { nanos = 210000, currency = 'USD' }, day = { nanos = 12300000, currency = 'USD' },
    month = { nanos = 4560000000, currency = 'USD' },
  },
}

local LINE = [[require('byok').statusline()]]

--- Waits until all that was sent to the editor has been handled there: one round trip to the server passes it.
local function settle(nvim)
  nvim:heard('initialize')
end

return {
  { 'nothing is loaded at start but the command', function(nvim)
    nvim:expect([[vim.tbl_filter(function(name) return vim.startswith(name, 'byok') end, vim.tbl_keys(package.loaded))]], {})
    nvim:expect([[vim.fn.exists(':Byok')]], 2)
    nvim:expect(LINE, '')
  end },

  { 'setup attaches to a file with the project as root and the settings sent', function(nvim)
    vim.fn.mkdir(nvim.work .. '/.git')
    nvim:setup({ settings = { completion = { model = 'mock/small', debounce_ms = 0 } } })
    nvim:open('main.rs', { 'fn main() {}' })
    nvim:expect('attached()', true)
    local initialize = nvim:heard('initialize')[1]
    assert(initialize.rootUri == vim.uri_from_fname(vim.uv.fs_realpath(nvim.work)), initialize.rootUri)
    assert(vim.deep_equal(initialize.initializationOptions, { completion = { model = 'mock/small', debounce_ms = 0 } }))
    local changed = nvim:expect_heard('workspace/didChangeConfiguration', 1)[1]
    assert(changed.settings.byok.completion.model == 'mock/small')
  end },

  { 'a file that was open before setup is attached too', function(nvim)
    nvim:open('main.rs', { 'fn main() {}' })
    nvim:setup()
    nvim:expect('attached()', true)
  end },

  { 'help, unnamed and terminal buffers are left alone', function(nvim)
    nvim:setup()
    nvim:open('main.rs', { 'fn main() {}' })
    nvim:expect('attached()', true)
    for _, command in ipairs({ 'enew | setfiletype lua', 'help help', 'terminal true', 'new term-x://y.lua | setfiletype lua' }) do
      nvim:lua('vim.cmd(...)', command)
      settle(nvim)
      nvim:expect('attached()', false)
      nvim:expect(LINE, '')
    end
    assert(#nvim:heard('textDocument/didOpen') == 1)
  end },

  { 'filetypes narrows what is attached to', function(nvim)
    nvim:setup({ filetypes = { 'rust' } })
    nvim:open('main.rs', { 'fn main() {}' })
    nvim:expect('attached()', true)
    nvim:open('main.c', { 'int x;' })
    settle(nvim)
    nvim:expect('attached()', false)
  end },

  { 'setup again sends the new settings and sets the new keys', function(nvim)
    nvim:ready({})
    nvim:setup({ settings = { completion = { model = 'mock/large' } }, keys = { accept = '<C-L>' } })
    nvim:eventually('the new settings arrive', function()
      return nvim:heard('workspace/didChangeConfiguration')
    end, function(heard) return #heard > 0 and heard[#heard].settings.byok.completion ~= nil end)
    nvim:expect([[vim.fn.maparg('<C-L>', 'i', false, true).desc]], 'byok: accept the suggestion')
    nvim:expect([[vim.startswith(vim.fn.maparg('<Tab>', 'i', false, true).desc or '', 'byok')]], false)
  end },

  { 'a mistake in the options names the key', function(nvim)
    for key, opts in pairs({ colour = '{ colour = 1 }', cmd = '{ cmd = "byok-lsp" }', ['keys.accept'] = '{ keys = { accept = 1 } }' }) do
      local message = nvim:lua(('return select(2, pcall(require("byok").setup, %s))'):format(opts))
      assert(message:find('`' .. key .. '`', 1, true), message)
    end
  end },

  { 'a missing program is said once, with the fix', function(nvim)
    nvim:lua([[for _ = 1, 2 do require('byok').setup({ cmd = { 'no-such-program' } }) end]])
    nvim:expect('#seen.notifications', 1)
    nvim:expect_text('seen.notifications[1].message', 'fix: ')
  end },

  { "the status line shows the model and today's cost after a call", function(nvim)
    nvim:lua([[vim.o.laststatus = 2; vim.o.statusline = "%f %{v:lua.require'byok'.statusline()}"]])
    nvim:ready({})
    nvim:expect(LINE, 'byok $0.00 today')
    nvim:say('byok/usage', USAGE)
    nvim:expect(LINE, 'mock/small $0.012 today')
    nvim:expect('vim.api.nvim_eval_statusline(vim.o.statusline, {}).str', 'add.c mock/small $0.012 today')
    nvim:expect('seen.usage[1].id', 'call-0')
  end },

  { 'the status line shows busy and paused, and colours on request', function(nvim)
    nvim:ready({})
    nvim:say('byok/status', { v = 1, state = 'busy', model = 'mock/small', payer = 'you' })
    nvim:expect(LINE, 'mock/small … $0.00 today')
    nvim:say('byok/status', { v = 1, state = 'paused', model = 'mock/100%', payer = 'you', message = vim.NIL })
    nvim:expect(LINE, 'mock/100% paused $0.00 today')
    nvim:expect([[require('byok').statusline({ colours = true })]],
      '%#ByokModel#mock/100%%%*%#ByokPaused# paused%*%#ByokCost# $0.00 today%*')
  end },

  { 'amounts read well', function(nvim)
    for nanos, text in pairs({ [0] = '$0.00', [1] = '$0.000000001', [210000] = '$0.00021', [45000000] = '$0.045', [1234567890] = '$1.23' }) do
      nvim:expect(("require('byok.status').money({ nanos = %d, currency = 'USD' })"):format(nanos), text)
    end
    nvim:expect([[require('byok.status').money({ nanos = 5e9, currency = 'CHF' })]], '5.00 CHF')
    nvim:expect([[require('byok.status').sum({ nanos = 5e9, currency = 'EUR', unpriced = 1 })]], '€5.00+')
    nvim:expect([[require('byok.status').cost({ nanos = vim.NIL, currency = 'USD', source = 'unknown' })]], 'cost unknown')
  end },

  { 'an error stays in the status line, and only what the server advises is told', function(nvim)
    nvim:ready({})
    local fix = { title = 'Store a key for mock', command = 'byok.setKey', arguments = { 'mock' } }
    local problem = { v = 1, state = 'error', model = 'mock/small', payer = 'you', message = 'the key was refused', fix = fix }
    for _ = 1, 3 do
      nvim:say('byok/status', problem)
    end
    nvim:say('byok/advice', { v = 1, kind = 'trouble', message = 'mock/small: the key was refused', fix = fix })
    nvim:expect('#seen.notifications', 1)
    settle(nvim)
    nvim:expect('seen.notifications', {
      { message = 'byok: mock/small: the key was refused\n:Byok fix - Store a key for mock', level = vim.log.levels.WARN },
    })
    nvim:expect(LINE, 'mock/small error $0.00 today')
    nvim:say('byok/status', { v = 1, state = 'idle', model = 'mock/small', payer = 'you' })
    nvim:expect(LINE, 'mock/small $0.00 today')
  end },

  { 'detaching gives the keys back', function(nvim)
    nvim:ready({})
    nvim:expect([[vim.fn.maparg('<Tab>', 'i', false, true).buffer]], 1)
    nvim:lua([[vim.lsp.enable('byok', false)]])
    nvim:expect('attached()', false)
    nvim:expect([[vim.fn.maparg('<Tab>', 'i', false, true).buffer]], 0)
    nvim:expect(LINE, '')
  end },
}
