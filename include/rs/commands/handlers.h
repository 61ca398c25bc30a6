/*
 * handlers - the functions behind the rows of the command table, by file.
 */
#ifndef RS_COMMANDS_HANDLERS_H
#define RS_COMMANDS_HANDLERS_H

#include "rs/commands/command.h"

/* cmd_data.c, cmd_import.c */
rs_cmd_fn rs_cmd_data_fetch, rs_cmd_data_import, rs_cmd_data_prepare, rs_cmd_data_split;
rs_cmd_fn rs_cmd_data_inspect, rs_cmd_features_build;
/* cmd_train.c, cmd_evaluate.c, cmd_backtest.c */
rs_cmd_fn rs_cmd_train, rs_cmd_evaluate, rs_cmd_compare, rs_cmd_reproduce, rs_cmd_backtest;
/* cmd_recommend.c */
rs_cmd_fn rs_cmd_recommend, rs_cmd_similar, rs_cmd_explain;
/* cmd_browse.c */
rs_cmd_fn rs_cmd_user_list, rs_cmd_user_show, rs_cmd_item_list, rs_cmd_item_show;
/* cmd_run.c, cmd_job.c */
rs_cmd_fn rs_cmd_run_list, rs_cmd_run_show, rs_cmd_run_delete, rs_cmd_run_gc;
rs_cmd_fn rs_cmd_job_list, rs_cmd_job_show, rs_cmd_job_log, rs_cmd_job_cancel, rs_cmd_job_wait;
/* cmd_model.c, cmd_promote.c */
rs_cmd_fn rs_cmd_model_register, rs_cmd_model_list, rs_cmd_model_show, rs_cmd_model_archive;
rs_cmd_fn rs_cmd_model_history, rs_cmd_model_diff, rs_cmd_model_verify, rs_cmd_registry_verify;
rs_cmd_fn rs_cmd_model_promote, rs_cmd_model_rollback;
/* cmd_pipeline.c */
rs_cmd_fn rs_cmd_pipeline_run, rs_cmd_pipeline_status, rs_cmd_pipeline_sync;
/* cmd_serve.c */
rs_cmd_fn rs_cmd_serve_stop, rs_cmd_serve_status;
/* cmd_admin.c, cmd_doctor.c, cmd_bench.c */
rs_cmd_fn rs_cmd_config_show, rs_cmd_config_schema;
rs_cmd_fn rs_cmd_token_add, rs_cmd_token_list, rs_cmd_token_revoke;
rs_cmd_fn rs_cmd_db_backup, rs_cmd_db_restore, rs_cmd_db_check;
rs_cmd_fn rs_cmd_doctor, rs_cmd_bench;

#endif
