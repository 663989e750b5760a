-- Defines :Byok and nothing else; the plugin itself is loaded by setup() or by the command.
if vim.g.loaded_byok then
  return
end
vim.g.loaded_byok = true

vim.api.nvim_create_user_command('Byok', function(command)
  require('byok.commands').run(command.fargs)
end, {
  nargs = '*',
  desc = 'byok-lsp: status, usage, model, pause, resume, restart, log, health',
  complete = function(lead, line)
    return require('byok.commands').complete(lead, line)
  end,
})
