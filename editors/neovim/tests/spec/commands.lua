-- :Byok, its completion, :checkhealth byok and the help file.

local function messages(nvim, part)
  nvim:expect_text([[vim.fn.execute('messages')]], part)
end

return {
  { ':Byok before setup says what to do', function(nvim)
    nvim:lua([[vim.cmd('Byok status')]])
    nvim:expect_text('seen.notifications[1].message', 'require("byok").setup()')
  end },

  { ':Byok status shows state, model, payer, cost and the fix', function(nvim)
    nvim:ready({})
    nvim:say('byok/status', { v = 1, state = 'error', model = 'mock/small', payer = 'you', message = 'no key',
      fix = { title = 'Store a key', command = 'byok.setKey', arguments = { 'mock' } } })
    nvim:expect_text([[require('byok').statusline()]], 'error')
    nvim:lua([[vim.cmd('Byok')]])
    messages(nvim, 'state: error\nmodel: mock/small\npayer: you\ntoday: $0.00\nmessage: no key\nfix: :Byok fix - Store a key')
  end },

  { ':Byok usage shows the sums', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok usage')]])
    nvim:expect_text('text()', 'session  $0.0010 (calls: 1)\nday      $0.012+ (calls: 7, 2 of unknown cost)')
    nvim:expect_text('text()', 'accepted 1\nlast     mock/small, about $0.00021')
    nvim:expect([[vim.api.nvim_win_get_config(0).relative]], 'editor')
    nvim:expect('vim.api.nvim_get_mode().mode', 'n')
    nvim:keys('q')
    nvim:expect([[vim.api.nvim_win_get_config(0).relative]], '')
  end },

  { ':Byok model NAME switches, and a refusal is said', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok model local')]])
    messages(nvim, 'the model is now local')
    assert(vim.deep_equal(nvim:heard('byok/setModel'), { { model = 'local', feature = 'completion' } }))
    nvim:lua([[vim.cmd('Byok model nonsense')]])
    nvim:expect_text('(seen.notifications[1] or {}).message', 'a model is named provider/model')
  end },

  { ':Byok model offers a list with what is known of each and who pays', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.ui.select = function(models, opts, choose)
      _G.asked = { opts.prompt, vim.tbl_map(opts.format_item, models) }
      choose(models[1])
    end]])
    nvim:lua([[vim.cmd('Byok model')]])
    nvim:expect('asked', {
      'Model (now mock/small; asking other, open it again for more)',
      {
        'local  (paid by nobody)',
        'mock/small  (fills holes; 131k; $0.40 in, $1.60 out a million; 212 ms to the first word, 95 tokens/s; paid by you)',
        'other/large  (chats; 1M; paid by you; its key is missing)',
        'third/  (paid by you)',
      },
    })
    nvim:expect_heard('byok/setModel', 1)
  end },

  { ':Byok action-model offers and changes the model of code actions alone', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.ui.select = function(models, opts, choose)
      _G.asked = { opts.prompt, vim.tbl_map(function(model) return model.id end, models) }
      choose(models[1])
    end]])
    nvim:lua([[vim.cmd('Byok action-model')]])
    nvim:expect('asked', {
      'Model for code actions (now other/large; asking other, open it again for more)',
      { 'other/large', 'third/' },
    })
    messages(nvim, 'the model for code actions is now other/large')
    assert(vim.deep_equal(nvim:heard('byok/setModel'), { { model = 'other/large', feature = 'action' } }))
  end },

  { ':Byok model asks for the name where only the provider is known', function(nvim)
    nvim:ready({})
    nvim:lua([[
      vim.ui.select = function(models, _, choose) choose(models[#models]) end
      vim.ui.input = function(opts, done) done(opts.default .. 'new') end
    ]])
    nvim:lua([[vim.cmd('Byok model')]])
    assert(nvim:expect_heard('byok/setModel', 1)[1].model == 'third/new')
  end },

  { ':Byok pause and resume reach the server', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok pause') vim.cmd('Byok resume')]])
    local commands = nvim:expect_heard('workspace/executeCommand', 2)
    assert(commands[1].command == 'byok.pause' and commands[2].command == 'byok.resume')
    messages(nvim, 'going on')
  end },

  { ':Byok restart starts a new server for the same buffer', function(nvim)
    nvim:ready({})
    local id = nvim:lua([[return vim.lsp.get_clients({ name = 'byok' })[1].id]])
    nvim:lua([[vim.cmd('Byok restart')]])
    nvim:eventually('a new client', function()
      return nvim:lua([[local c = vim.lsp.get_clients({ name = 'byok', bufnr = 0 })[1] return c and c.initialized and c.id or 0]])
    end, function(now) return now > id end)
    nvim:tell('test/script', { suggestions = { 'return a;' } })
    nvim:keys('ret')
    nvim:expect('ghost()', 'urn a;')
  end },

  { ':Byok restart starts a server that had died', function(nvim)
    nvim:ready({})
    nvim:tell('test/exit', { code = 3 })
    nvim:expect('attached()', false)
    nvim:lua([[vim.cmd('Byok restart')]])
    nvim:expect('attached()', true)
  end },

  { ':Byok log opens the log', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok log')]])
    nvim:expect_text('vim.api.nvim_buf_get_name(0)', 'lsp.log')
  end },

  { 'an unknown subcommand lists the known ones', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok dance')]])
    nvim:expect_text('seen.notifications[1].message', 'action, action-model, cancel, context, fix, health, key, log, login, model, pause, restart, resume, route, status, usage')
  end },

  { 'subcommands and models are completed', function(nvim)
    nvim:ready({})
    nvim:expect([[vim.fn.getcompletion('Byok re', 'cmdline')]], { 'restart', 'resume' })
    nvim:expect([[vim.fn.getcompletion('Byok model ', 'cmdline')]], { 'local', 'mock/small', 'other/large', 'third/' })
    nvim:expect([[vim.fn.getcompletion('Byok model mo', 'cmdline')]], { 'mock/small' })
    nvim:expect([[vim.fn.getcompletion('Byok pause ', 'cmdline')]], {})
  end },

  { ':checkhealth byok tells version, program, model and payer', function(nvim)
    nvim:ready({})
    nvim:lua([[vim.cmd('Byok health')]])
    for _, part in ipairs({ 'byok-lsp 0.0.0 (scripted)', 'attached to 1 buffer', 'model mock/small, paid by you', 'no error so far' }) do
      nvim:expect_text('text()', part)
    end
    assert(not nvim:lua('return text()'):find('ERROR', 1, true), nvim:lua('return text()'))
  end },

  { ':checkhealth byok says what is missing', function(nvim)
    nvim:lua([[require('byok').setup({ cmd = { 'no-such-program' } }) vim.cmd('checkhealth byok')]])
    nvim:expect_text('text()', '"no-such-program" was not found')
    nvim:expect_text('text()', 'not running')
  end },

  { 'the help file has its tags', function(nvim)
    nvim:lua([[
      vim.fn.mkdir('help/doc', 'p')
      local doc = vim.api.nvim_get_runtime_file('doc/byok.txt', false)[1]
      vim.uv.fs_copyfile(doc, 'help/doc/byok.txt')
      vim.cmd('helptags help/doc')
      vim.opt.runtimepath:append(vim.fn.getcwd() .. '/help')
    ]])
    for _, tag in ipairs({ 'byok', ':Byok', 'byok-setup', 'byok-options', 'byok-statusline', 'byok-highlights' }) do
      nvim:lua('vim.cmd.help(...)', tag)
      nvim:expect([[vim.fn.expand('%:t')]], 'byok.txt')
      nvim:lua('vim.cmd.helpclose()')
    end
  end },
}
